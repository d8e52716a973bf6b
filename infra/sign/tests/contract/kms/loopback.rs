//! A server that answers GetPublicKey and Sign as the AWS KMS API Reference describes them, with keys of aws-lc.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{Digest, SHA256, SHA384};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub(super) struct Server {
    port: u16,
    keys: Arc<Keys>,
}

struct Keys {
    ed25519: Ed25519KeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    last_message_type: Mutex<String>,
}

impl Server {
    /// Serves until the test's process ends.
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("the socket is bound").port();
        let keys = Arc::new(Keys {
            ed25519: Ed25519KeyPair::generate().expect("a key is made"),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key is made"),
            p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).expect("a key is made"),
            last_message_type: Mutex::default(),
        });
        let served = Arc::clone(&keys);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                served.serve(stream);
            }
        });
        Self { port, keys }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The message type of the last Sign.
    pub(super) fn last_message_type(&self) -> String {
        self.keys.last_message_type.lock().expect("no holder panics").clone()
    }
}

impl Keys {
    /// One request a connection.
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        let (mut target, mut length) = (String::new(), 0);
        for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
            match line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value)) {
                Some((name, value)) if name == "x-amz-target" => target = value.to_owned(),
                Some((name, value)) if name == "content-length" => length = value.parse().expect("the length is a number"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body is sent");
        let request: Value = serde_json::from_slice(&body).expect("the body is JSON");
        let (status, answer) = match self.answer(&target, &request) {
            Ok(answer) => ("200 OK", answer),
            Err((kind, message)) => ("400 Bad Request", json!({ "__type": kind, "message": message })),
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        reader.get_mut().write_all([head, answer].concat().as_bytes()).expect("the answer is taken");
    }

    fn answer(&self, target: &str, request: &Value) -> Result<Value, (&'static str, &'static str)> {
        let asked = request["KeyId"].as_str().expect("a key is named");
        let name = asked.rsplit('/').next().expect("a split has a part");
        let arn = format!("arn:aws:kms:us-east-1:111122223333:key/{name}");
        match target {
            "TrentService.GetPublicKey" => self.public_key(name, &arn),
            "TrentService.Sign" => {
                assert_eq!(asked, arn, "the key is named by its ARN");
                let signature = self.sign(name, request)?;
                Ok(json!({ "KeyId": arn, "Signature": STANDARD.encode(signature), "SigningAlgorithm": request["SigningAlgorithm"] }))
            }
            other => panic!("{other} is not served"),
        }
    }

    fn public_key(&self, name: &str, arn: &str) -> Result<Value, (&'static str, &'static str)> {
        let (spec, algorithms) = match name {
            "denied" => return Err(("AccessDeniedException", "not authorized to perform: kms:GetPublicKey")),
            "another-spec" | "p256" => ("ECC_NIST_P256", json!(["ECDSA_SHA_256"])),
            "p384" => ("ECC_NIST_P384", json!(["ECDSA_SHA_384"])),
            "prehash-only" => ("ECC_NIST_EDWARDS25519", json!(["ED25519_PH_SHA_512"])),
            _ => ("ECC_NIST_EDWARDS25519", json!(["ED25519_SHA_512", "ED25519_PH_SHA_512"])),
        };
        let spki: Result<PublicKeyX509Der<'_>, _> = match name {
            "p256" => self.p256.public_key().as_der(),
            "p384" => self.p384.public_key().as_der(),
            _ => self.ed25519.public_key().as_der(),
        };
        let spki = STANDARD.encode(spki.expect("the key is encoded").as_ref());
        Ok(json!({ "KeyId": arn, "PublicKey": spki, "KeySpec": spec, "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": algorithms }))
    }

    fn sign(&self, name: &str, request: &Value) -> Result<Vec<u8>, (&'static str, &'static str)> {
        let message = STANDARD.decode(request["Message"].as_str().expect("a message is sent")).expect("it is base64");
        let kind = request["MessageType"].as_str().expect("its type is named");
        kind.clone_into(&mut self.last_message_type.lock().expect("no holder panics"));
        if !(1..=4096).contains(&message.len()) {
            return Err(("ValidationException", "Member must have length between 1 and 4096"));
        }
        let algorithm = match name {
            "p256" => "ECDSA_SHA_256",
            "p384" => "ECDSA_SHA_384",
            _ => "ED25519_SHA_512",
        };
        assert_eq!(request["SigningAlgorithm"], algorithm);
        let ecdsa = |pair: &EcdsaKeyPair, function| match kind {
            "RAW" => pair.sign(&SystemRandom::new(), &message),
            _ => pair.sign_digest(&Digest::import_less_safe(&message, function).expect("it is as long as the hash")),
        };
        match name {
            "disabled" => Err(("DisabledException", "the key is disabled")),
            "cut" => Ok(self.ed25519.sign(&message).as_ref()[..63].to_vec()),
            "p256" => Ok(ecdsa(&self.p256, &SHA256).expect("it is signed").as_ref().to_vec()),
            "p384" => Ok(ecdsa(&self.p384, &SHA384).expect("it is signed").as_ref().to_vec()),
            _ if kind == "DIGEST" => Err(("ValidationException", "ED25519_SHA_512 takes RAW messages only")),
            _ => Ok(self.ed25519.sign(&message).as_ref().to_vec()),
        }
    }
}
