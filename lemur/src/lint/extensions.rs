//! The extensions that lints look into, each read into its parts or else named as malformed.

use super::certificate::Extension;
use super::general_name::{GeneralName, Subtree, general_name, general_names, subtrees};
use super::name::Name;
use super::oid;
use super::policies::{self, Mapping, Policy};
use super::tlv::{self, Bits, Broken, Malformed, Reader, tag};

/// An extension's value, and whether it is critical.
#[derive(Debug)]
pub(super) struct Known<T> {
    pub critical: bool,
    pub value: T,
}

#[derive(Debug)]
pub(super) struct BasicConstraints {
    pub ca: bool,
    pub path_length: Option<i64>,
}

#[derive(Debug)]
pub(super) struct AuthorityKeyId<'a> {
    pub key: Option<&'a [u8]>,
    pub issuer: Option<Vec<GeneralName<'a>>>,
    pub serial: Option<&'a [u8]>,
}

#[derive(Debug)]
pub(super) struct NameConstraints<'a> {
    pub permitted: Option<Vec<Subtree<'a>>>,
    pub excluded: Option<Vec<Subtree<'a>>>,
}

impl<'a> NameConstraints<'a> {
    /// Every base, permitted or not.
    pub(super) fn all(&self) -> impl Iterator<Item = &Subtree<'a>> {
        self.permitted.iter().chain(&self.excluded).flatten()
    }
}

/// Where a CRL is.
#[derive(Debug)]
pub(super) struct DistributionPoint<'a> {
    pub full_name: Option<Vec<GeneralName<'a>>>,
    pub relative_name: bool,
    pub reasons: Option<Bits<'a>>,
    pub issuer: Option<Vec<GeneralName<'a>>>,
}

/// A place and what is to be had there.
#[derive(Debug)]
pub(super) struct AccessDescription<'a> {
    pub method: &'a [u8],
    pub location: GeneralName<'a>,
}

#[derive(Debug)]
pub(super) struct PolicyConstraints {
    pub require_explicit: Option<i64>,
    pub inhibit_mapping: Option<i64>,
}

/// The CA/B Forum's organizationIdentifier extension (EVG 7.1.2.2 in its present numbering).
#[derive(Debug)]
pub(super) struct OrganizationIdentifier<'a> {
    pub scheme: &'a [u8],
    pub country: &'a [u8],
    pub state: Option<&'a [u8]>,
    pub reference: &'a [u8],
}

/// The extensions. What is malformed or absent is `None`; what is malformed is in `malformed` as well.
#[derive(Debug, Default)]
pub(super) struct Extensions<'a> {
    pub all: &'a [Extension<'a>],
    pub malformed: Vec<(&'a [u8], Malformed)>,
    pub basic_constraints: Option<Known<BasicConstraints>>,
    pub key_usage: Option<Known<Bits<'a>>>,
    pub extended_key_usage: Option<Known<Vec<&'a [u8]>>>,
    pub subject_key_id: Option<Known<&'a [u8]>>,
    pub authority_key_id: Option<Known<AuthorityKeyId<'a>>>,
    pub subject_alt_name: Option<Known<Vec<GeneralName<'a>>>>,
    pub issuer_alt_name: Option<Known<Vec<GeneralName<'a>>>>,
    pub policies: Option<Known<Vec<Policy<'a>>>>,
    pub policy_mappings: Option<Known<Vec<Mapping<'a>>>>,
    pub policy_constraints: Option<Known<PolicyConstraints>>,
    pub inhibit_any_policy: Option<Known<i64>>,
    pub name_constraints: Option<Known<NameConstraints<'a>>>,
    pub crl_points: Option<Known<Vec<DistributionPoint<'a>>>>,
    pub freshest_crl: Option<Known<Vec<DistributionPoint<'a>>>>,
    pub authority_info: Option<Known<Vec<AccessDescription<'a>>>>,
    pub subject_info: Option<Known<Vec<AccessDescription<'a>>>>,
    pub qc_statements: Option<Known<Vec<&'a [u8]>>>,
    pub tls_features: Option<Known<Vec<i64>>>,
    pub acme_identifier: Option<Known<&'a [u8]>>,
    pub scts: Option<Known<&'a [u8]>>,
    pub organization_identifier: Option<Known<OrganizationIdentifier<'a>>>,
}

impl<'a> Extensions<'a> {
    /// Reads the known ones among `all`; of two of a kind the first counts.
    pub(super) fn parse(all: &'a [Extension<'a>]) -> Self {
        let mut read = Self { all, ..Self::default() };
        for extension in all {
            if let Err(broken) = read.take(extension) {
                read.malformed.push((extension.oid, broken));
            }
        }
        read
    }

    /// Whether basic constraints say that this is a CA.
    pub(super) fn is_ca(&self) -> bool {
        self.basic_constraints.as_ref().is_some_and(|constraints| constraints.value.ca)
    }

    /// The extension of this type as it stands.
    pub(super) fn get(&self, oid: &[u8]) -> Option<&'a Extension<'a>> {
        self.all.iter().find(|extension| extension.oid == oid)
    }

    /// Whether there is one of this type, readable or not.
    pub(super) fn has(&self, oid: &[u8]) -> bool {
        self.get(oid).is_some()
    }

    /// Whether the extended key usages name this one.
    pub(super) fn is_for(&self, usage: &[u8]) -> bool {
        self.extended_key_usage.as_ref().is_some_and(|usages| usages.value.contains(&usage))
    }

    /// Whether a policy is among the certificate policies.
    pub(super) fn has_policy(&self, policy: &[u8]) -> bool {
        self.policies.as_ref().is_some_and(|policies| policies.value.iter().any(|found| found.oid == policy))
    }

    /// The subject's alternative names.
    pub(super) fn alternative_names(&self) -> &[GeneralName<'a>] {
        self.subject_alt_name.as_ref().map_or(&[], |names| &names.value)
    }

    /// Every directory name in any of them.
    pub(super) fn directory_names(&self) -> impl Iterator<Item = &Name<'a>> {
        let alternative = self.subject_alt_name.iter().chain(&self.issuer_alt_name).flat_map(|names| &names.value);
        let bases = self.name_constraints.iter().flat_map(|constraints| constraints.value.all()).map(|subtree| &subtree.base);
        let points = self.crl_points.iter().chain(&self.freshest_crl).flat_map(|points| &points.value);
        let points = points.flat_map(|point| point.full_name.iter().chain(&point.issuer)).flatten();
        let places = self.authority_info.iter().chain(&self.subject_info).flat_map(|access| &access.value).map(|access| &access.location);
        let issuers = self.authority_key_id.iter().flat_map(|id| &id.value.issuer).flatten();
        alternative.chain(bases).chain(points).chain(places).chain(issuers).filter_map(|name| match name {
            GeneralName::Directory(name) => Some(name),
            _ => None,
        })
    }

    fn take(&mut self, extension: &'a Extension<'a>) -> Result<(), Malformed> {
        let (critical, value) = (extension.critical, extension.value);
        match extension.oid {
            x if x == oid::BASIC_CONSTRAINTS => keep(&mut self.basic_constraints, critical, basic_constraints(value)?),
            x if x == oid::KEY_USAGE => keep(&mut self.key_usage, critical, bit_string(value, "keyUsage")?),
            x if x == oid::EXTENDED_KEY_USAGE => keep(&mut self.extended_key_usage, critical, oids(value, "extKeyUsage")?),
            x if x == oid::SUBJECT_KEY_ID => {
                keep(&mut self.subject_key_id, critical, alone(value, tag::OCTET_STRING, "subjectKeyIdentifier")?);
            }
            x if x == oid::AUTHORITY_KEY_ID => keep(&mut self.authority_key_id, critical, authority_key_id(value)?),
            x if x == oid::SUBJECT_ALT_NAME => keep(&mut self.subject_alt_name, critical, names(value, "subjectAltName")?),
            x if x == oid::ISSUER_ALT_NAME => keep(&mut self.issuer_alt_name, critical, names(value, "issuerAltName")?),
            x if x == oid::CERTIFICATE_POLICIES => keep(&mut self.policies, critical, policies::policies(value)?),
            x if x == oid::POLICY_MAPPINGS => keep(&mut self.policy_mappings, critical, policies::mappings(value)?),
            x if x == oid::POLICY_CONSTRAINTS => keep(&mut self.policy_constraints, critical, policy_constraints(value)?),
            x if x == oid::INHIBIT_ANY_POLICY => {
                let part = "inhibitAnyPolicy";
                keep(&mut self.inhibit_any_policy, critical, tlv::integer(alone(value, tag::INTEGER, part)?, part)?);
            }
            x if x == oid::NAME_CONSTRAINTS => keep(&mut self.name_constraints, critical, name_constraints(value)?),
            x if x == oid::CRL_DISTRIBUTION_POINTS => {
                keep(&mut self.crl_points, critical, distribution_points(value, "cRLDistributionPoints")?);
            }
            x if x == oid::FRESHEST_CRL => keep(&mut self.freshest_crl, critical, distribution_points(value, "freshestCRL")?),
            x if x == oid::AUTHORITY_INFO_ACCESS => keep(&mut self.authority_info, critical, access(value, "authorityInfoAccess")?),
            x if x == oid::SUBJECT_INFO_ACCESS => keep(&mut self.subject_info, critical, access(value, "subjectInfoAccess")?),
            x if x == oid::QC_STATEMENTS => keep(&mut self.qc_statements, critical, statements(value)?),
            x if x == oid::TLS_FEATURE => keep(&mut self.tls_features, critical, integers(value, "tlsFeature")?),
            x if x == oid::ACME_IDENTIFIER => {
                keep(&mut self.acme_identifier, critical, alone(value, tag::OCTET_STRING, "acmeIdentifier")?);
            }
            x if x == oid::SCT_LIST => keep(&mut self.scts, critical, alone(value, tag::OCTET_STRING, "the list of SCTs")?),
            x if x == oid::CABF_ORGANIZATION_IDENTIFIER => {
                keep(&mut self.organization_identifier, critical, organization_identifier(value)?);
            }
            x if x == oid::PRECERT_POISON => null(value, "the precertificate poison")?,
            x if x == oid::OCSP_NO_CHECK => null(value, "ocspNoCheck")?,
            x if x == oid::NO_REV_AVAIL => null(value, "noRevAvail")?,
            x if x == oid::NETSCAPE_CERT_TYPE => drop(bit_string(value, "netscapeCertType")?),
            x if x == oid::SUBJECT_DIRECTORY_ATTRIBUTES || x == oid::SMIME_CAPABILITIES => sequences(value)?,
            _ => {}
        }
        Ok(())
    }
}

fn keep<T>(slot: &mut Option<Known<T>>, critical: bool, value: T) {
    if slot.is_none() {
        *slot = Some(Known { critical, value });
    }
}

/// The content of the one element that there is.
fn alone<'a>(value: &'a [u8], tag: u8, part: &'static str) -> Result<&'a [u8], Malformed> {
    let mut reader = Reader::new(value, part);
    let content = reader.take(tag, part)?.value;
    reader.finish()?;
    Ok(content)
}

fn null(value: &[u8], part: &'static str) -> Result<(), Malformed> {
    if alone(value, tag::NULL, part)?.is_empty() { Ok(()) } else { Err(Malformed::new(part, Broken::Content)) }
}

fn bit_string<'a>(value: &'a [u8], part: &'static str) -> Result<Bits<'a>, Malformed> {
    tlv::bits(alone(value, tag::BIT_STRING, part)?, part)
}

fn names<'a>(value: &'a [u8], part: &'static str) -> Result<Vec<GeneralName<'a>>, Malformed> {
    general_names(tlv::sequence(value, part)?, part)
}

/// The elements of a SEQUENCE that must have some.
fn many<'a, T>(
    value: &'a [u8],
    part: &'static str,
    mut one: impl FnMut(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let mut list = tlv::sequence(value, part)?;
    let mut all = Vec::new();
    while !list.is_empty() {
        all.push(one(&mut list)?);
    }
    if all.is_empty() { Err(Malformed::new(part, Broken::Empty)) } else { Ok(all) }
}

fn oids<'a>(value: &'a [u8], part: &'static str) -> Result<Vec<&'a [u8]>, Malformed> {
    many(value, part, |list| list.oid(part))
}

fn integers(value: &[u8], part: &'static str) -> Result<Vec<i64>, Malformed> {
    many(value, part, |list| tlv::integer(list.take(tag::INTEGER, part)?.value, part))
}

fn sequences(value: &[u8]) -> Result<(), Malformed> {
    many(value, "a list of attributes", |list| list.sequence("an attribute").map(|_| ())).map(drop)
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, Malformed> {
    let part = "basicConstraints";
    let mut fields = tlv::sequence(value, part)?;
    let ca = match fields.optional(tag::BOOLEAN, part)? {
        Some(ca) => tlv::boolean(ca.value, part)?,
        None => false,
    };
    let path_length = fields.optional(tag::INTEGER, part)?.map(|length| tlv::integer(length.value, part)).transpose()?;
    fields.finish()?;
    Ok(BasicConstraints { ca, path_length })
}

fn authority_key_id(value: &[u8]) -> Result<AuthorityKeyId<'_>, Malformed> {
    let part = "authorityKeyIdentifier";
    let mut fields = tlv::sequence(value, part)?;
    let key = fields.optional(tag::context(0), part)?.map(|key| key.value);
    let issuer = fields.optional(tag::constructed(1), part)?.map(|list| general_names(Reader::new(list.value, part), part)).transpose()?;
    let serial = fields.optional(tag::context(2), part)?.map(|serial| serial.value);
    fields.finish()?;
    Ok(AuthorityKeyId { key, issuer, serial })
}

fn policy_constraints(value: &[u8]) -> Result<PolicyConstraints, Malformed> {
    let part = "policyConstraints";
    let mut fields = tlv::sequence(value, part)?;
    let mut skip = |number| fields.optional(tag::context(number), part)?.map(|skip| tlv::integer(skip.value, part)).transpose();
    let constraints = PolicyConstraints { require_explicit: skip(0)?, inhibit_mapping: skip(1)? };
    fields.finish()?;
    Ok(constraints)
}

fn name_constraints(value: &[u8]) -> Result<NameConstraints<'_>, Malformed> {
    let part = "nameConstraints";
    let mut fields = tlv::sequence(value, part)?;
    let mut list =
        |number| fields.optional(tag::constructed(number), part)?.map(|list| subtrees(Reader::new(list.value, part), part)).transpose();
    let constraints = NameConstraints { permitted: list(0)?, excluded: list(1)? };
    fields.finish()?;
    Ok(constraints)
}

fn distribution_points<'a>(value: &'a [u8], part: &'static str) -> Result<Vec<DistributionPoint<'a>>, Malformed> {
    many(value, part, |list| {
        let mut fields = list.sequence(part)?;
        let (mut full_name, mut relative_name) = (None, false);
        if let Some(explicit) = fields.optional(tag::constructed(0), part)? {
            let mut choice = Reader::new(explicit.value, part);
            if let Some(full) = choice.optional(tag::constructed(0), part)? {
                full_name = Some(general_names(Reader::new(full.value, part), part)?);
            } else {
                choice.take(tag::constructed(1), part)?;
                relative_name = true;
            }
            choice.finish()?;
        }
        let reasons = fields.optional(tag::context(1), part)?.map(|reasons| tlv::bits(reasons.value, part)).transpose()?;
        let issuer =
            fields.optional(tag::constructed(2), part)?.map(|list| general_names(Reader::new(list.value, part), part)).transpose()?;
        fields.finish()?;
        Ok(DistributionPoint { full_name, relative_name, reasons, issuer })
    })
}

fn access<'a>(value: &'a [u8], part: &'static str) -> Result<Vec<AccessDescription<'a>>, Malformed> {
    many(value, part, |list| {
        let mut fields = list.sequence(part)?;
        let description = AccessDescription { method: fields.oid(part)?, location: general_name(&mut fields, part)? };
        fields.finish()?;
        Ok(description)
    })
}

fn statements(value: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let part = "qcStatements";
    many(value, part, |list| {
        let mut statement = list.sequence(part)?;
        let oid = statement.oid(part)?;
        if !statement.is_empty() {
            statement.any()?;
        }
        statement.finish()?;
        Ok(oid)
    })
}

fn organization_identifier(value: &[u8]) -> Result<OrganizationIdentifier<'_>, Malformed> {
    let part = "cabfOrganizationIdentifier";
    let mut fields = tlv::sequence(value, part)?;
    let scheme = fields.take(tag::PRINTABLE, part)?.value;
    let country = fields.take(tag::PRINTABLE, part)?.value;
    let state = fields.optional(tag::context(0), part)?.map(|state| state.value);
    let reference = fields.take(tag::UTF8, part)?.value;
    fields.finish()?;
    Ok(OrganizationIdentifier { scheme, country, state, reference })
}
