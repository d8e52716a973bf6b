//! moto, and the KMS that does what moto doesn't.

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, UnparsedPublicKey};
use aws_lc_rs::{digest, signature};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use menagerie_tests::http::{Request, Response, call};
use menagerie_tests::{AsymmetricKey, KmsFailure, KmsServer, Moto, Namespace, SigningKey, assert_eventually};
use serde_json::{Value, json};

#[test]
fn moto_keeps_keys() {
    let moto = Moto::shared();
    let key = moto.create_symmetric_key();
    assert!(key.starts_with("arn:aws:kms:us-east-1:123456789012:key/"), "{key}");
    let namespace = Namespace::new("kms");
    moto.create_alias(&format!("alias/{}", namespace.name("ca")), &key);
    let blob = moto.encrypt(&key, b"passphrase", &[("to", "bless")]);
    let request = |context: Value| json!({"CiphertextBlob": BASE64_STANDARD.encode(&blob), "EncryptionContext": context});
    let answer = moto.json("kms", "TrentService.Decrypt", &request(json!({"to": "bless"})));
    assert_eq!(answer["Plaintext"], BASE64_STANDARD.encode("passphrase"));
    assert_eq!(answer["KeyId"], key);
    for kind in [AsymmetricKey::P256, AsymmetricKey::P384, AsymmetricKey::Rsa2048, AsymmetricKey::Rsa4096] {
        let key = moto.create_signing_key(kind);
        let public = moto.json("kms", "TrentService.GetPublicKey", &json!({ "KeyId": key }));
        assert!(public["PublicKey"].as_str().is_some_and(|der| der.starts_with('M')), "{kind:?}: {public}");
    }
}

#[test]
fn moto_keeps_users_logs_and_tables() {
    let (moto, namespace) = (Moto::shared(), Namespace::new("moto"));
    let (user, group) = (namespace.name("user"), namespace.name("group"));
    moto.create_user(&user, &[&group]);
    moto.create_user(&namespace.name("other"), &[&group]);
    let groups = moto.query("iam", "2010-05-08", "ListGroupsForUser", &[("UserName", &user)]);
    assert!(groups.contains(&group), "{groups}");

    let logs = namespace.name("logs");
    moto.create_log_group(&logs);
    let stream = json!({"logGroupName": logs, "logStreamName": "s"});
    let _ = moto.json("logs", "Logs_20140328.CreateLogStream", &stream);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is past 1970").as_millis();
    let events = json!([{"timestamp": u64::try_from(now).expect("it is before 584554050"), "message": "a line"}]);
    let _ = moto.json("logs", "Logs_20140328.PutLogEvents", &json!({"logGroupName": logs, "logStreamName": "s", "logEvents": events}));
    assert_eq!(moto.log_messages(&logs), ["a line"]);

    let table = namespace.name("table");
    moto.create_table(&table, &[("writer", "S"), ("seq", "N")]);
    let item = json!({"writer": {"S": "w"}, "seq": {"N": "1"}});
    let _ = moto.json("dynamodb", "DynamoDB_20120810.PutItem", &json!({"TableName": table, "Item": item}));
    assert_eq!(moto.items(&table), [item]);
}

fn kms(server: &KmsServer, operation: &str, body: &Value) -> Response {
    let address = server.endpoint().trim_start_matches("http://").parse().expect("an address");
    let request = Request::new("POST", "/", body.to_string()).header("X-Amz-Target", &format!("TrentService.{operation}"));
    call(address, &request).expect("the server answers")
}

fn answer(server: &KmsServer, operation: &str, body: &Value) -> Value {
    let response = kms(server, operation, body);
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_slice(&response.body).expect("JSON")
}

fn refusal(server: &KmsServer, operation: &str, body: &Value) -> String {
    let response = kms(server, operation, body);
    assert!(response.status >= 400, "{}", response.text());
    let body: Value = serde_json::from_slice(&response.body).expect("JSON");
    body["__type"].as_str().expect("a type").to_owned()
}

fn field(answer: &Value, name: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(answer[name].as_str().unwrap_or_default()).expect("base64")
}

#[test]
fn the_kms_signs_with_ed25519() {
    let server = KmsServer::start();
    let key = server.create_signing_key(SigningKey::Ed25519);
    let described = answer(&server, "DescribeKey", &json!({ "KeyId": key }));
    assert_eq!(described["KeyMetadata"]["KeySpec"], "ECC_NIST_EDWARDS25519");
    let der = field(&answer(&server, "GetPublicKey", &json!({ "KeyId": key })), "PublicKey");
    let request = |message: &[u8], kind: &str| json!({"KeyId": key, "Message": BASE64_STANDARD.encode(message), "MessageType": kind, "SigningAlgorithm": "ED25519_SHA_512"});
    let signed = answer(&server, "Sign", &request(&[7; 4096], "RAW"));
    let public = ParsedPublicKey::new(&ED25519, &der[der.len() - 32..]).expect("32 bytes");
    public.verify_sig(&[7; 4096], &field(&signed, "Signature")).expect("a signature of that key");
    assert_eq!(refusal(&server, "Sign", &request(&[7; 4097], "RAW")), "ValidationException");
    assert_eq!(refusal(&server, "Sign", &request(&[7; 64], "DIGEST")), "ValidationException");
    server.fail("Sign", KmsFailure::OtherSignature);
    let signed = answer(&server, "Sign", &request(b"m", "RAW"));
    public.verify_sig(b"m", &field(&signed, "Signature")).expect_err("a signature of another key");
    assert_eq!(server.calls().len(), 6);
}

#[test]
fn the_kms_signs_a_digest_as_it_is() {
    let server = KmsServer::start();
    let kinds: [(_, &str, &digest::Algorithm, &dyn signature::VerificationAlgorithm); 3] = [
        (SigningKey::P256, "ECDSA_SHA_256", &digest::SHA256, &signature::ECDSA_P256_SHA256_ASN1),
        (SigningKey::P384, "ECDSA_SHA_384", &digest::SHA384, &signature::ECDSA_P384_SHA384_ASN1),
        (SigningKey::Rsa2048, "RSASSA_PKCS1_V1_5_SHA_512", &digest::SHA512, &signature::RSA_PKCS1_2048_8192_SHA512),
    ];
    for (kind, algorithm, hash, verification) in kinds {
        let key = server.create_signing_key(kind);
        let der = field(&answer(&server, "GetPublicKey", &json!({ "KeyId": key })), "PublicKey");
        let digest = digest::digest(hash, b"message");
        for (message, message_type) in [(b"message".as_slice(), "RAW"), (digest.as_ref(), "DIGEST")] {
            let message = BASE64_STANDARD.encode(message);
            let request = json!({"KeyId": key, "Message": message, "MessageType": message_type, "SigningAlgorithm": algorithm});
            let signed = field(&answer(&server, "Sign", &request), "Signature");
            let verified = UnparsedPublicKey::new(verification, &der).verify(b"message", &signed);
            assert!(verified.is_ok(), "{algorithm} {message_type}");
        }
    }
}

#[test]
fn the_kms_binds_a_ciphertext_to_its_context_and_key() {
    let server = KmsServer::start();
    let (key, other) = (server.create_symmetric_key(), server.create_symmetric_key());
    let blob = BASE64_STANDARD.encode(server.encrypt(&key, b"secret", &[("to", "bless"), ("from", "me")]));
    let context = json!({"from": "me", "to": "bless"});
    let decrypted = answer(&server, "Decrypt", &json!({"CiphertextBlob": blob, "EncryptionContext": context}));
    assert_eq!((field(&decrypted, "Plaintext"), decrypted["KeyId"].as_str()), (b"secret".to_vec(), Some(key.as_str())));
    assert_eq!(refusal(&server, "Decrypt", &json!({ "CiphertextBlob": blob })), "InvalidCiphertextException");
    let wrong = json!({"CiphertextBlob": blob, "EncryptionContext": context, "KeyId": other});
    assert_eq!(refusal(&server, "Decrypt", &wrong), "IncorrectKeyException");
    let encrypted = answer(&server, "Encrypt", &json!({"KeyId": other, "Plaintext": "AAAA"}));
    let decrypted = answer(&server, "Decrypt", &json!({"CiphertextBlob": encrypted["CiphertextBlob"]}));
    assert_eq!(decrypted["Plaintext"], "AAAA");
}

#[test]
fn the_kms_fails_as_it_is_told() {
    let server = KmsServer::start();
    let body = json!({ "KeyId": server.create_symmetric_key() });
    assert_eq!(refusal(&server, "DescribeKey", &json!({"KeyId": "no-such"})), "NotFoundException");
    for (failure, kind) in [
        (KmsFailure::AccessDenied, "AccessDeniedException"),
        (KmsFailure::Throttled, "ThrottlingException"),
        (KmsFailure::Internal, "KMSInternalException"),
    ] {
        server.fail("*", failure);
        assert_eq!(refusal(&server, "DescribeKey", &body), kind);
    }
    server.fail("*", KmsFailure::Garbage);
    assert!(kms(&server, "DescribeKey", &body).text().starts_with("<html>"));
    let address = server.endpoint().trim_start_matches("http://").parse().expect("an address");
    let request = Request::new("POST", "/", body.to_string()).header("X-Amz-Target", "TrentService.DescribeKey");
    server.fail("*", KmsFailure::Close);
    assert!(call(address, &request).is_err());
    server.fail("*", KmsFailure::Hang);
    let waiting = std::thread::spawn(move || call(address, &request));
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!waiting.is_finished());
    server.recover();
    assert_eventually!(waiting.is_finished());
    assert_eq!(answer(&server, "DescribeKey", &body)["KeyMetadata"]["Enabled"], true);
}
