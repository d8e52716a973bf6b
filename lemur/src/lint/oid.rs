//! Object identifiers that certificates use, as their DER content.

use std::fmt::Write as _;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $bytes:expr, $text:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: &[u8] = &$bytes;)*

        /// What the field calls an identifier, where it has a name here.
        pub(super) fn known(oid: &[u8]) -> Option<&'static str> {
            match oid { $(x if x == $name => Some($text),)* _ => None }
        }
    };
}

oids! {
    CN = [0x55, 4, 3], "commonName";
    SURNAME = [0x55, 4, 4], "surname";
    SERIAL_NUMBER = [0x55, 4, 5], "serialNumber";
    COUNTRY = [0x55, 4, 6], "countryName";
    LOCALITY = [0x55, 4, 7], "localityName";
    STATE = [0x55, 4, 8], "stateOrProvinceName";
    STREET = [0x55, 4, 9], "streetAddress";
    ORGANIZATION = [0x55, 4, 10], "organizationName";
    UNIT = [0x55, 4, 11], "organizationalUnitName";
    TITLE = [0x55, 4, 12], "title";
    BUSINESS_CATEGORY = [0x55, 4, 15], "businessCategory";
    POSTAL_CODE = [0x55, 4, 17], "postalCode";
    NAME = [0x55, 4, 41], "name";
    GIVEN_NAME = [0x55, 4, 42], "givenName";
    INITIALS = [0x55, 4, 43], "initials";
    GENERATION = [0x55, 4, 44], "generationQualifier";
    DN_QUALIFIER = [0x55, 4, 46], "dnQualifier";
    PSEUDONYM = [0x55, 4, 65], "pseudonym";
    ORGANIZATION_IDENTIFIER = [0x55, 4, 97], "organizationIdentifier";
    EMAIL = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress";
    DOMAIN_COMPONENT = [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "domainComponent";
    JURISDICTION_LOCALITY = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 1], "jurisdictionLocalityName";
    JURISDICTION_STATE = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 2], "jurisdictionStateOrProvinceName";
    JURISDICTION_COUNTRY = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 3], "jurisdictionCountryName";

    SUBJECT_DIRECTORY_ATTRIBUTES = [0x55, 29, 9], "subjectDirectoryAttributes";
    SUBJECT_KEY_ID = [0x55, 29, 14], "subjectKeyIdentifier";
    KEY_USAGE = [0x55, 29, 15], "keyUsage";
    SUBJECT_ALT_NAME = [0x55, 29, 17], "subjectAltName";
    ISSUER_ALT_NAME = [0x55, 29, 18], "issuerAltName";
    BASIC_CONSTRAINTS = [0x55, 29, 19], "basicConstraints";
    NAME_CONSTRAINTS = [0x55, 29, 30], "nameConstraints";
    CRL_DISTRIBUTION_POINTS = [0x55, 29, 31], "cRLDistributionPoints";
    CERTIFICATE_POLICIES = [0x55, 29, 32], "certificatePolicies";
    ANY_POLICY = [0x55, 29, 32, 0], "anyPolicy";
    POLICY_MAPPINGS = [0x55, 29, 33], "policyMappings";
    AUTHORITY_KEY_ID = [0x55, 29, 35], "authorityKeyIdentifier";
    POLICY_CONSTRAINTS = [0x55, 29, 36], "policyConstraints";
    EXTENDED_KEY_USAGE = [0x55, 29, 37], "extKeyUsage";
    ANY_EXTENDED_KEY_USAGE = [0x55, 29, 37, 0], "anyExtendedKeyUsage";
    FRESHEST_CRL = [0x55, 29, 46], "freshestCRL";
    INHIBIT_ANY_POLICY = [0x55, 29, 54], "inhibitAnyPolicy";
    NO_REV_AVAIL = [0x55, 29, 56], "noRevAvail";
    AUTHORITY_INFO_ACCESS = [0x2b, 6, 1, 5, 5, 7, 1, 1], "authorityInfoAccess";
    QC_STATEMENTS = [0x2b, 6, 1, 5, 5, 7, 1, 3], "qcStatements";
    SUBJECT_INFO_ACCESS = [0x2b, 6, 1, 5, 5, 7, 1, 11], "subjectInfoAccess";
    TLS_FEATURE = [0x2b, 6, 1, 5, 5, 7, 1, 24], "tlsFeature";
    ACME_IDENTIFIER = [0x2b, 6, 1, 5, 5, 7, 1, 31], "acmeIdentifier";
    OCSP_NO_CHECK = [0x2b, 6, 1, 5, 5, 7, 0x30, 1, 5], "ocspNoCheck";
    SMIME_CAPABILITIES = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 15], "smimeCapabilities";
    NETSCAPE_CERT_TYPE = [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1], "netscapeCertType";
    SCT_LIST = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2], "signedCertificateTimestampList";
    PRECERT_POISON = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3], "precertificatePoison";
    CABF_ORGANIZATION_IDENTIFIER = [0x67, 0x81, 0x0c, 3, 1], "cabfOrganizationIdentifier";

    SERVER_AUTH = [0x2b, 6, 1, 5, 5, 7, 3, 1], "serverAuth";
    CLIENT_AUTH = [0x2b, 6, 1, 5, 5, 7, 3, 2], "clientAuth";
    CODE_SIGNING = [0x2b, 6, 1, 5, 5, 7, 3, 3], "codeSigning";
    EMAIL_PROTECTION = [0x2b, 6, 1, 5, 5, 7, 3, 4], "emailProtection";
    TIME_STAMPING = [0x2b, 6, 1, 5, 5, 7, 3, 8], "timeStamping";
    OCSP_SIGNING = [0x2b, 6, 1, 5, 5, 7, 3, 9], "OCSPSigning";
    PRECERT_SIGNING = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 4], "precertificateSigning";

    ACCESS_OCSP = [0x2b, 6, 1, 5, 5, 7, 0x30, 1], "ocsp";
    ACCESS_CA_ISSUERS = [0x2b, 6, 1, 5, 5, 7, 0x30, 2], "caIssuers";
    QUALIFIER_CPS = [0x2b, 6, 1, 5, 5, 7, 2, 1], "cps";
    QUALIFIER_NOTICE = [0x2b, 6, 1, 5, 5, 7, 2, 2], "userNotice";
    QC_SYNTAX_V1 = [0x2b, 6, 1, 5, 5, 7, 11, 1], "pkixQCSyntax-v1";
    SMTP_UTF8_MAILBOX = [0x2b, 6, 1, 5, 5, 7, 8, 9], "SmtpUTF8Mailbox";

    POLICY_EV = [0x67, 0x81, 0x0c, 1, 1], "CA/B extended validation";
    POLICY_DV = [0x67, 0x81, 0x0c, 1, 2, 1], "CA/B domain validated";
    POLICY_OV = [0x67, 0x81, 0x0c, 1, 2, 2], "CA/B organization validated";
    POLICY_IV = [0x67, 0x81, 0x0c, 1, 2, 3], "CA/B individual validated";

    RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], "rsaEncryption";
    RSA_MD2 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2], "md2WithRSAEncryption";
    RSA_MD5 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], "md5WithRSAEncryption";
    RSA_SHA1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], "sha1WithRSAEncryption";
    RSA_PSS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "RSASSA-PSS";
    RSA_SHA256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], "sha256WithRSAEncryption";
    RSA_SHA384 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], "sha384WithRSAEncryption";
    RSA_SHA512 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], "sha512WithRSAEncryption";
    RSA_SHA224 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14], "sha224WithRSAEncryption";
    EC = [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], "ecPublicKey";
    ECDSA_SHA1 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], "ecdsa-with-SHA1";
    ECDSA_SHA224 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1], "ecdsa-with-SHA224";
    ECDSA_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], "ecdsa-with-SHA256";
    ECDSA_SHA384 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], "ecdsa-with-SHA384";
    ECDSA_SHA512 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], "ecdsa-with-SHA512";
    DSA_SHA1 = [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3], "dsa-with-sha1";
    P256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], "P-256";
    P384 = [0x2b, 0x81, 4, 0, 34], "P-384";
    P521 = [0x2b, 0x81, 4, 0, 35], "P-521";
    X25519 = [0x2b, 0x65, 110], "X25519";
    X448 = [0x2b, 0x65, 111], "X448";
    ED25519 = [0x2b, 0x65, 112], "Ed25519";
    ED448 = [0x2b, 0x65, 113], "Ed448";
    ML_DSA_44 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17], "ML-DSA-44";
    ML_DSA_65 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18], "ML-DSA-65";
    ML_DSA_87 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19], "ML-DSA-87";
}

/// NIST's arc of signature algorithms, below which ML-DSA (17 to 19), SLH-DSA (20 to 31) and their pre-hashing forms (32 to 46) stand.
pub(super) const NIST_SIGNATURES: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3];
/// NIST's arc of key encapsulation: ML-KEM is 1 to 3.
pub(super) const NIST_KEMS: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4];

/// The identifier's name, or else its numbers.
pub(super) fn name(oid: &[u8]) -> String {
    known(oid).map_or_else(|| dotted(oid), str::to_owned)
}

/// The identifier's numbers with dots between; a number past 2^64 is shown by its bytes.
pub(super) fn dotted(oid: &[u8]) -> String {
    let mut text = String::new();
    for arc in oid.split_inclusive(|byte| byte & 0x80 == 0).take(64) {
        if arc.len() > 9 {
            let _ = write!(text, ".0x{}", hex::encode(&arc[..arc.len().min(32)]));
            continue;
        }
        let number = arc.iter().fold(0_u64, |number, byte| number << 7 | u64::from(byte & 0x7f));
        if text.is_empty() {
            let first = (number / 40).min(2);
            let _ = write!(text, "{first}.{}", number - 40 * first);
        } else {
            let _ = write!(text, ".{number}");
        }
    }
    text
}
