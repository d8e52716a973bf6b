//! Which of our lints covers which of `pkilint`'s codes, where the two differ, and why. docs/lints.md tells the same.

/// `pkilint`'s codes, in which `*` stands for any part, and the lints of which at least one must be told with them.
pub(crate) const COVERS: &[(&str, &[&str])] = &[
    ("cabf.authority_key_identifier_has_issuer_cert", &["br-aki-issuer"]),
    ("cabf.ca_certificate_prohibited_ku_present", &["br-ca-ku-forbidden"]),
    ("cabf.ca_certificate_required_ku_missing", &["br-ca-ku"]),
    ("cabf.certificate_extensions_missing", &["br-extensions-missing"]),
    ("cabf.cps_uri_is_not_http", &["br-cps-uri"]),
    ("cabf.ev_guidelines.ev_wildcard_san_present", &["evg-wildcard"]),
    ("cabf.ev_guidelines.invalid_business_category", &["evg-business-category"]),
    ("cabf.ev_guidelines.jurisdiction_locality_present_stateprovince_missing", &["evg-jurisdiction"]),
    ("cabf.ev_guidelines.prohibited_san_type", &["evg-san-kind"]),
    ("cabf.ev_guidelines.unknown_attribute_present", &["evg-subject-others"]),
    ("cabf.ev_guidelines.*_attribute_absent", &["evg-subject"]),
    ("cabf.insignificant_attribute_value_present", &["br-subject-insignificant"]),
    (
        "cabf.internal_domain_name",
        &[
            "br-san-internal-name",
            "br-location-internal",
            "br-nc-internal-name",
            "br-cps-uri",
            "rfc9598-mailbox",
            "rfc5280-uri-syntax",
            "rfc5280-dns-syntax",
            "rfc5280-nc-dns-syntax",
        ],
    ),
    ("cabf.internal_ip_address", &["br-san-internal-address"]),
    ("cabf.invalid_country_code", &["br-country-code"]),
    ("cabf.serverauth.invalid_jurisdiction_country_code", &["br-country-code"]),
    ("cabf.invalid_organization_identifier_*", &["evg-organization-identifier", "evg-organization-extension-content"]),
    ("cabf.organization_identifier_reference_missing_for_scheme", &["evg-organization-identifier"]),
    ("cabf.invalid_subject_organization_identifier_*", &["evg-organization-identifier", "evg-organization-extension-content"]),
    ("cabf.name.attribute_value_contains_html_entity", &["br-subject-markup"]),
    ("cabf.rsa_exponent_prohibited_value", &["key-rsa-exponent"]),
    ("cabf.rsa_modulus_invalid_length", &["key-rsa-size", "br-rsa-size"]),
    ("cabf.serverauth.aia_duplicate_location", &["br-aia-duplicate"]),
    ("cabf.serverauth.aia_location_*", &["br-aia-uri"]),
    ("cabf.serverauth.attribute_value_invalid_encoding_type", &["br-subject-string-type"]),
    ("cabf.serverauth.ca.certificate_policies_extension_absent", &["br-ca-policies-missing"]),
    ("cabf.serverauth.ca.crl_distribution_points_extension_absent", &["br-ca-cdp-missing"]),
    ("cabf.serverauth.ca.extended_key_usage_extension_absent", &["br-ca-eku-missing"]),
    ("cabf.serverauth.ca.organizational_unit_name_attribute_present", &["br-ca-subject-unit"]),
    ("cabf.serverauth.ca.*_attribute_absent", &["br-ca-subject"]),
    ("cabf.serverauth.ca.*_eku_*", &["br-ca-eku-tls"]),
    ("cabf.serverauth.ca.incomplete_name_constraints", &["br-nc-complete"]),
    ("cabf.serverauth.ca.critical_certificate_policies_extension", &["br-ca-policies-critical"]),
    ("cabf.serverauth.ca.critical_extended_key_usage_extension", &["br-ca-eku-critical"]),
    ("cabf.serverauth.ca.precertificate_signing_ca_issued_after_prohibition", &["br-ca-precertificates"]),
    ("cabf.serverauth.ca_anypolicy_with_other_policy_oid", &["br-ca-policy-any-alone"]),
    ("cabf.serverauth.ca_missing_reserved_policy_oid", &["br-ca-policy-reserved"]),
    ("cabf.serverauth.ca_multiple_reserved_policy_oids", &["br-ca-policy-reserved"]),
    ("cabf.serverauth.ca_non_tls_has_reserved_policy_oid", &["br-ca-policy-not-tls"]),
    ("cabf.serverauth.ca_precert_signing.*", &["br-ca-precertificates-alone"]),
    ("cabf.serverauth.non_tls_ca.*_eku_present", &["br-ca-eku-not-tls"]),
    ("cabf.serverauth.certificate_validity_period_exceeds_100_days", &["br-validity-100"]),
    ("cabf.serverauth.certificate_validity_period_exceeds_200_days", &["br-validity-200"]),
    ("cabf.serverauth.certificate_validity_period_exceeds_398_days", &["br-validity-398", "br-validity-825", "br-validity-1187"]),
    ("cabf.serverauth.certificate_validity_period_exceeds_47_days", &["br-validity-47"]),
    ("cabf.serverauth.crldp_dp_prohibited_field_present", &["br-cdp-fields"]),
    ("cabf.serverauth.crldp_dpname_prohibited_field_present", &["br-cdp-fields"]),
    ("cabf.serverauth.crldp_dpname_prohibited_*", &["br-cdp-uri"]),
    ("cabf.serverauth.dnsname_contains_prohibited_reserved_label", &["br-dns-reserved-label"]),
    ("cabf.serverauth.domain_component_attribute_value_length_too_long", &["br-subject-value-length"]),
    ("cabf.serverauth.dv.unknown_attribute_present", &["br-dv-subject"]),
    ("cabf.serverauth.invalid_dnsname_syntax", &["rfc5280-dns-syntax", "rfc5280-nc-dns-syntax"]),
    ("cabf.serverauth.invalid_plabel_encoding", &["rfc9549-a-label"]),
    ("cabf.serverauth.invalid_rdn_order", &["br-subject-order"]),
    ("cabf.serverauth.invalid_tor_*", &["br-dns-onion"]),
    ("cabf.serverauth.ip_reverse_zone_domain_name_present", &["br-dns-reverse-zone"]),
    ("cabf.serverauth.iv.*_attribute_absent", &["br-iv-subject"]),
    ("cabf.serverauth.*.organizational_unit_name_attribute_present", &["br-subject-unit"]),
    ("cabf.serverauth.name_attribute_value_too_long", &["br-subject-value-length"]),
    ("cabf.serverauth.ocsp_responder.key_usage_extension_absent", &["br-ocsp-ku-missing"]),
    ("cabf.serverauth.ocsp_responder.ocsp_nocheck_extension_absent", &["br-ocsp-no-check"]),
    ("cabf.serverauth.ocsp_responder.authority_key_identifier_extension_absent", &["rfc5280-aki-missing"]),
    ("cabf.serverauth.ocsp_responder.prohibited_ku_present", &["br-ocsp-ku"]),
    ("cabf.serverauth.ocsp_responder.digitalsignature_bit_missing", &["br-ocsp-ku"]),
    ("cabf.serverauth.ocsp_responder.unknown_eku_present", &["br-ocsp-eku"]),
    ("cabf.serverauth.ocsp_responder.unknown_aia_access_method_present", &["br-aia-method"]),
    ("cabf.serverauth.ocsp_responder.*_extension_present", &["br-ocsp-extension"]),
    ("cabf.serverauth.organization_identifier_*", &["evg-organization-extension"]),
    ("cabf.serverauth.ov.*_attribute_absent", &["br-ov-subject"]),
    ("cabf.serverauth.ov.*_attribute_present", &["br-ov-person"]),
    ("cabf.serverauth.prohibited_certificate_policy_qualifier_type", &["br-policy-qualifier-kind"]),
    ("cabf.serverauth.prohibited_duplicate_attribute_type", &["br-subject-duplicate"]),
    ("cabf.serverauth.prohibited_san_type", &["br-san-kind"]),
    ("cabf.serverauth.prohibited_signature_algorithm_encoding", &["br-signature-algorithm"]),
    ("cabf.serverauth.prohibited_subject_public_key_algorithm_encoding", &["br-key-algorithm"]),
    ("cabf.serverauth.rdn_contains_multiple_atvs", &["br-subject-single"]),
    ("cabf.serverauth.root.extended_key_usage_extension_present", &["br-root-eku"]),
    ("cabf.serverauth.*.key_usage_extension_absent", &["rfc5280-ku-missing"]),
    ("cabf.serverauth.*.subject_key_identifier_extension_absent", &["rfc5280-ski-missing-ca"]),
    ("cabf.serverauth.root_aki_ski_not_equal", &["br-root-aki-own"]),
    ("cabf.serverauth.root_validity_period_too_long", &["br-root-validity-long"]),
    ("cabf.serverauth.root_validity_period_too_short", &["br-root-validity-short"]),
    ("cabf.serverauth.subscriber.authority_info_access_extension_absent", &["br-aia-missing"]),
    ("cabf.serverauth.*.authority_key_identifier_extension_absent", &["rfc5280-aki-missing"]),
    ("cabf.serverauth.subscriber.certificate_policies_extension_absent", &["br-policies-missing"]),
    ("cabf.serverauth.*.critical_authority_info_access_extension", &["rfc5280-aia-critical"]),
    ("cabf.serverauth.*.critical_authority_key_identifier_extension", &["rfc5280-aki-critical"]),
    ("cabf.serverauth.*.critical_subject_key_identifier_extension", &["rfc5280-ski-critical"]),
    ("cabf.serverauth.subscriber.critical_certificate_policies_extension", &["br-policies-critical"]),
    ("cabf.serverauth.*.critical_crl_distribution_points_extension", &["br-cdp-critical"]),
    ("cabf.serverauth.subscriber.critical_extended_key_usage_extension", &["br-eku-critical"]),
    ("cabf.serverauth.*.critical_sct_list_extension", &["br-scts-critical"]),
    ("cabf.serverauth.subscriber.extended_key_usage_extension_absent", &["br-eku-missing"]),
    ("cabf.serverauth.subscriber.serverauth_eku_absent", &["br-eku-server"]),
    ("cabf.serverauth.subscriber.*_eku_present", &["br-eku-forbidden"]),
    ("cabf.serverauth.subscriber.name_constraints_extension_present", &["rfc5280-nc-leaf"]),
    ("cabf.serverauth.*.non_critical_basic_constraints_extension", &["br-bc-critical"]),
    ("cabf.serverauth.*.non_critical_key_usage_extension", &["br-ku-critical"]),
    ("cabf.serverauth.subscriber.revocation_information_absent", &["br-revocation"]),
    ("cabf.serverauth.subscriber.sct_list_extension_present", &["rfc6962-poison-and-scts"]),
    ("cabf.serverauth.subscriber.subject_altname_extension_absent", &["br-san-missing"]),
    ("cabf.serverauth.*.unknown_aia_access_method_present", &["br-aia-method"]),
    ("cabf.serverauth.subscriber_anypolicy_oid_present", &["br-policy-any"]),
    ("cabf.serverauth.subscriber_common_name_unknown_source", &["br-common-name-source"]),
    ("cabf.serverauth.subscriber_*_reserved_policy_oid*", &["br-policy-reserved"]),
    ("cabf.serverauth.subscriber_prohibited_ku_present", &["br-ku-forbidden"]),
    ("cabf.serverauth.subscriber_required_ku_missing", &["br-ku-ec-signature"]),
    ("cabf.serverauth.subscriber_stateprovince_and_locality_missing", &["br-subject-place"]),
    ("pkix.aki_with_*", &["rfc5280-aki-pair"]),
    ("pkix.authority_information_access_extension_critical", &["rfc5280-aia-critical"]),
    ("pkix.authority_key_identifier_critical", &["rfc5280-aki-critical"]),
    ("pkix.authority_key_identifier_extension_absent", &["rfc5280-aki-missing"]),
    ("pkix.authority_key_identifier_keyid_missing", &["rfc5280-aki-key"]),
    ("pkix.basic_constraints_extension_not_critical", &["rfc5280-bc-critical"]),
    ("pkix.basic_constraints_has_pathlen_for_non_ca", &["rfc5280-bc-path-length-leaf"]),
    ("pkix.both_encipheronly_and_decipheronly_ku_set", &["rfc5280-ku-both-only"]),
    ("pkix.ca_certificate_keycertsign_keyusage_not_set", &["rfc5280-ku-cert-sign-ca"]),
    ("pkix.ca_certificate_no_ku_extension", &["rfc5280-ku-missing"]),
    ("pkix.certificate_name_constraints_extension_not_critical", &["rfc5280-nc-critical"]),
    ("pkix.certificate_negative_validity_period", &["rfc5280-validity-order"]),
    ("pkix.certificate_policies_anypolicy_has_prohibited_qualifier", &["rfc5280-any-policy-qualifier"]),
    ("pkix.certificate_serial_number_out_of_range", &["rfc5280-serial-positive", "rfc5280-serial-length"]),
    ("pkix.certificate_signature_algorithm_mismatch", &["rfc5280-signature-match"]),
    ("pkix.certificate_skid_ca_missing", &["rfc5280-ski-missing-ca"]),
    ("pkix.certificate_skid_extension_critical", &["rfc5280-ski-critical"]),
    ("pkix.certificate_version_is_not_v3", &["rfc5280-version"]),
    ("pkix.ct_precert_poison_and_sctlist_extensions_present", &["rfc6962-poison-and-scts"]),
    ("pkix.ct_precert_poison_extension_not_critical", &["rfc6962-poison-critical"]),
    ("pkix.distribution_point_does_not_contain_name_or_issuer", &["rfc5280-cdp-empty-point"]),
    ("pkix.dnsname_domain_name_too_long", &["rfc5280-dns-length"]),
    ("pkix.duplicate_certificate_policy_oids", &["rfc5280-policy-duplicate"]),
    ("pkix.duplicate_extension", &["rfc5280-extension-duplicate"]),
    ("pkix.ee_certificate_keycertsign_keyusage_set", &["rfc5280-ku-cert-sign-leaf"]),
    ("pkix.end_entity_inhibit_anypolicy_extension_present", &["rfc5280-inhibit-any-policy-leaf"]),
    ("pkix.end_entity_policy_constraints_extension_present", &["rfc5280-policy-constraints-leaf"]),
    ("pkix.end_entity_policy_mappings_extension_present", &["rfc5280-policy-mappings-leaf"]),
    ("pkix.extended_key_usage_extension_with_timestamping_not_critical", &["rfc5280-eku-timestamping-critical"]),
    ("pkix.generalizedtime_incorrect_syntax", &["rfc5280-time-syntax"]),
    ("pkix.hash_*_ca_key_prohibited", &["rfc9881-prehash-ca"]),
    ("pkix.invalid_domain_name_syntax", &["rfc5280-dns-syntax", "rfc5280-nc-dns-syntax"]),
    (
        "pkix.invalid_email_address_syntax",
        &["rfc5280-email-syntax", "rfc5280-nc-email-syntax", "rfc5280-name-email-syntax", "rfc5280-email-length"],
    ),
    ("pkix.invalid_time_syntax", &["rfc5280-time-syntax"]),
    ("pkix.invalid_uri_syntax", &["rfc5280-uri-syntax", "rfc5280-nc-uri-syntax", "rfc5280-cps-uri"]),
    ("pkix.ip_address_name_constraint_invalid_cidr", &["rfc5280-nc-ip-mask"]),
    ("pkix.ip_address_name_constraint_wrong_length", &["rfc5280-nc-ip-length"]),
    ("pkix.ip_address_wrong_length", &["rfc5280-ip-length"]),
    ("pkix.*_unique_id_present", &["rfc5280-unique-id"]),
    ("pkix.key_usage_value_prohibited_for_ec", &["rfc8813-ku-ec"]),
    ("pkix.key_usage_value_*_edwards_curve", &["rfc9295-ku-signing-curve", "rfc9295-ku-agreement-curve"]),
    ("pkix.key_usage_value_prohibited_for_hash_*", &["rfc9881-ku-prehash"]),
    ("pkix.key_usage_value_prohibited_for_mldsa", &["rfc9881-ku-lattice"]),
    ("pkix.key_usage_value_prohibited_for_mlkem", &["rfc9935-ku-kem"]),
    ("pkix.key_usage_value_prohibited_for_rsa", &["rfc4055-ku-rsa"]),
    ("pkix.name_constraints_in_ee_certificate", &["rfc5280-nc-leaf"]),
    ("pkix.name_constraints_maximum_specified", &["rfc5280-nc-maximum"]),
    ("pkix.name_constraints_no_subtrees", &["rfc5280-nc-empty"]),
    ("pkix.name_constraints_non_default_minimum", &["rfc5280-nc-minimum"]),
    ("pkix.name_domain_components_invalid_domain_name", &["rfc5280-domain-components"]),
    ("pkix.name_empty", &["rfc5280-issuer-empty"]),
    ("pkix.no_ku_bits_set", &["rfc5280-ku-empty"]),
    ("pkix.prohibited_qualified_statement_present", &["rfc3739-statement-v1"]),
    ("pkix.rdn_contains_duplicate_attribute_types", &["rfc5280-rdn-duplicate-type"]),
    ("pkix.rfc6818_certificate_policies_invalid_explicit_text_encoding", &["rfc6818-explicit-text-ia5"]),
    ("pkix.rfc822name_domain_part_too_long", &["rfc5280-email-length"]),
    ("pkix.san_extension_not_critical_empty_subject", &["rfc5280-san-critical-without-subject"]),
    ("pkix.sct_list_*", &["rfc6962-scts-malformed"]),
    ("pkix.smime_capabilities_extension_critical", &["rfc4262-smime-critical"]),
    ("pkix.smtp_utf8_mailbox_*", &["rfc9598-mailbox"]),
    ("pkix.smtputf8mailbox_domain_part_too_long", &["rfc9598-mailbox"]),
    ("pkix.subject_directory_attributes_extension_critical", &["rfc5280-sda-critical"]),
    ("pkix.subject_email_address_not_in_san", &["rfc5280-subject-email-in-san"]),
    ("pkix.subject_information_access_extension_critical", &["rfc5280-sia-critical"]),
    ("pkix.uri_domain_name_too_long", &["rfc5280-uri-length"]),
    ("pkix.utctime_incorrect_syntax", &["rfc5280-time-syntax"]),
    ("pkix.wrong_time_useful_type", &["rfc5280-time-type"]),
];

/// What `pkilint` calls an error and we do not.
pub(crate) struct Difference {
    /// Its code.
    code: &'static str,
    /// Whether what it says with it is such a case.
    is_one: fn(&str) -> bool,
    /// Why.
    pub(crate) why: &'static str,
}

/// All that it calls an error and we do not.
pub(crate) const THEIRS: &[Difference] = &[
    Difference {
        code: "pkix.invalid_domain_name_syntax",
        is_one: |said| said.contains("\"*."),
        why: "RFC 5280 leaves wildcards to those who match names",
    },
    Difference {
        code: "pkix.invalid_domain_name_syntax",
        is_one: |said| !said.contains('.'),
        why: "a name of one label is a name in a network of one's own",
    },
    Difference { code: "pkix.invalid_uri_syntax", is_one: has_unknown_scheme, why: "a URI may have any scheme" },
    Difference { code: "pkix.invalid_uri_syntax", is_one: has_short_host, why: "a URI's host may be a name in a network of one's own" },
    Difference {
        code: "pkix.rfc5280_certificate_policies_invalid_explicit_text_encoding",
        is_one: |_| true,
        why: "RFC 6818 has allowed VisibleString and BMPString since 2013: a warning",
    },
    Difference {
        code: "pkix.authority_key_identifier_extension_absent",
        is_one: |_| true,
        why: "it verifies a root's own signature first, and a linter of what is not signed yet cannot",
    },
    Difference {
        code: "msft.end_entity.revocation_information_absent",
        is_one: |_| true,
        why: "a rule of Microsoft's root programme, which no short-lived certificate can keep",
    },
];

/// What `pkilint` cannot read and we can, or do not look into: a part of what it says, and why.
pub(crate) const UNREAD: &[(&str, &str)] = &[
    ("OID contains out-of-range arc", "an object identifier may start with a number that takes two bytes: 2.10804.10"),
    ("OID requires minimum of 3 arcs", "an object identifier may have two numbers"),
    ("type OID 2.5.29.16:", "the private key usage period is no extension of RFC 5280's, and is not looked into"),
    ("type OID 2.5.29.2", "extensions of CRLs are not looked into"),
];

fn has_unknown_scheme(said: &str) -> bool {
    let known = ["http:", "https:", "ftp:", "ldap:"];
    said.split('"').nth(1).is_some_and(|uri| uri.contains("://") && !known.iter().any(|scheme| uri.starts_with(scheme)))
}

fn has_short_host(said: &str) -> bool {
    let host = said.split("://").nth(1).and_then(|rest| rest.split(['/', '"', ':']).next()).unwrap_or_default();
    !host.is_empty() && host.rsplit('.').next().is_some_and(|top| top.len() < 2 || !host.contains('.'))
}

/// Lints that tell errors which `pkilint` does not look for, or calls a warning, or whose certificates it takes for sound.
pub(crate) const OURS: &[&str] = &[
    "der-object-identifier",
    "der-unreadable",
    "key-rsa-factor",
    "key-rsa-fermat",
    "key-rsa-roca",
    "key-rsa-exponent",
    "key-rsa-size",
    "key-not-on-curve",
    "rfc3279-rsa-malformed",
    "rfc3279-rsa-parameters",
    "rfc5480-point",
    "rfc6151-md5",
    "rfc3739-statement-v1",
    "rfc5280-bc-path-length-usage",
    "rfc5280-dns-syntax",
    "rfc5280-domain-components",
    "rfc5280-extension-malformed",
    "rfc5280-issuer-empty",
    "rfc5280-subject-empty-ca",
    "rfc5280-subject-empty-without-san",
    "rfc5280-freshest-critical",
    "rfc5280-policy-constraints-critical",
    "rfc5280-policy-constraints-empty",
    "rfc5280-policy-mappings-any",
    "rfc5280-inhibit-any-policy-critical",
    "rfc5280-skip-certs-range",
    "rfc5280-ski-empty",
    "rfc5280-directory-name-empty",
    "rfc5280-nc-ip-mask",
    "rfc5280-uri-syntax",
    "rfc6960-ocsp-location",
    "rfc7633-feature-number",
    "rfc8410-length",
    "rfc8737-acme-critical",
    "rfc8737-acme-length",
    "rfc9549-a-label",
    "rfc9608-ca",
    "rfc9608-critical",
    "rfc9608-crl",
    "rfc9608-freshest",
    "rfc9608-ocsp",
    "br-dns-wildcard-top",
    "br-location-internal",
    "br-san-internal-name",
];

/// The lints that cover a code.
pub(crate) fn covering(code: &str) -> Option<&'static [&'static str]> {
    COVERS.iter().find(|(pattern, _)| matches(pattern, code)).map(|(_, lints)| *lints)
}

/// Whether it is known, and why, that we do not call this an error.
pub(crate) fn is_theirs(code: &str, message: &str) -> bool {
    THEIRS.iter().any(|difference| difference.code == code && (difference.is_one)(message))
}

fn matches(pattern: &str, code: &str) -> bool {
    let mut rest = code;
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
