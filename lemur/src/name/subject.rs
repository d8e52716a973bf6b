//! Subjects that lemur writes (RFC 5280, 4.1.2.6): the few attributes that people use, each at most once, within the upper bounds of
//! Appendix A, in the order that the CA/Browser Forum's Baseline Requirements set (7.1.4.2).

use std::fmt;

use serde::{Deserialize, Serialize};
use x509_cert::spki::ObjectIdentifier;

use super::distinguished::DistinguishedName;
use crate::asn1::{PRINTABLE_STRING, SET, UTF8_STRING, Writer};

/// The attributes that a subject can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectField {
    /// `C`, two capital letters (ISO 3166).
    Country,
    /// `ST`.
    State,
    /// `L`.
    Locality,
    /// `O`.
    Organization,
    /// `OU`.
    OrganizationalUnit,
    /// `CN`.
    CommonName,
}

impl SubjectField {
    /// Every field, in the order that they are written in.
    pub const ALL: [Self; 6] = [Self::Country, Self::State, Self::Locality, Self::Organization, Self::OrganizationalUnit, Self::CommonName];

    /// The attribute's type.
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::Country => "2.5.4.6",
            Self::State => "2.5.4.8",
            Self::Locality => "2.5.4.7",
            Self::Organization => "2.5.4.10",
            Self::OrganizationalUnit => "2.5.4.11",
            Self::CommonName => "2.5.4.3",
        })
    }

    /// The field of an attribute's type.
    #[must_use]
    pub fn of(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.oid() == oid)
    }

    /// RFC 4514's short name.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Country => "C",
            Self::State => "ST",
            Self::Locality => "L",
            Self::Organization => "O",
            Self::OrganizationalUnit => "OU",
            Self::CommonName => "CN",
        }
    }

    /// The most characters (RFC 5280, Appendix A.1).
    #[must_use]
    pub const fn max_characters(self) -> usize {
        match self {
            Self::Country => 2,
            Self::State | Self::Locality => 128,
            Self::Organization | Self::OrganizationalUnit | Self::CommonName => 64,
        }
    }
}

impl fmt::Display for SubjectField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Country => "country",
            Self::State => "state",
            Self::Locality => "locality",
            Self::Organization => "organization",
            Self::OrganizationalUnit => "organizational unit",
            Self::CommonName => "common name",
        })
    }
}

/// Why a text cannot be a field of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Nothing, or blanks at an end.
    #[error("the subject's {field} is empty, or begins or ends with a blank")]
    Blank {
        /// The field.
        field: SubjectField,
    },
    /// More characters than RFC 5280 allows.
    #[error("the subject's {field} has {len} characters: at most {} are possible", .field.max_characters())]
    TooLong {
        /// The field.
        field: SubjectField,
        /// How many it has.
        len: usize,
    },
    /// A control character.
    #[error("the subject's {field} has a control character")]
    Control {
        /// The field.
        field: SubjectField,
    },
    /// A country that is not two letters.
    #[error("the subject's country is two capital letters, as in ISO 3166")]
    Country,
}

/// A subject. It may be empty: the names then stand in the subject alternative name alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Subject {
    /// In the order of [`SubjectField::ALL`].
    values: [Option<String>; 6],
}

/// A subject's form in configuration and storage.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizational_unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    common_name: Option<String>,
}

impl Subject {
    /// The empty subject.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A subject with a common name and nothing else.
    ///
    /// # Errors
    /// As [`Subject::with`].
    pub fn of_common_name(text: &str) -> Result<Self, SubjectError> {
        Self::new().with(SubjectField::CommonName, text)
    }

    /// The subject with one field set, or set anew.
    ///
    /// # Errors
    /// [`SubjectError`] says why the text cannot stand there.
    pub fn with(mut self, field: SubjectField, text: &str) -> Result<Self, SubjectError> {
        check(field, text)?;
        self.values[field as usize] = Some(text.to_owned());
        Ok(self)
    }

    /// The subject without one field.
    #[must_use]
    pub fn without(mut self, field: SubjectField) -> Self {
        self.values[field as usize] = None;
        self
    }

    /// A field's text.
    #[must_use]
    pub fn field(&self, field: SubjectField) -> Option<&str> {
        self.values[field as usize].as_deref()
    }

    /// The common name.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.field(SubjectField::CommonName)
    }

    /// The fields that are set, in the order that they are written in.
    pub fn fields(&self) -> impl Iterator<Item = (SubjectField, &str)> {
        SubjectField::ALL.into_iter().filter_map(|field| self.field(field).map(|text| (field, text)))
    }

    /// Whether no field is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }

    /// The subject as a DER-encoded Name: a country is a PrintableString, other text one where its characters allow, else a
    /// UTF8String.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(128);
        writer.sequence(|writer| {
            for (field, text) in self.fields() {
                writer.nest(SET, |writer| {
                    writer.sequence(|writer| {
                        writer.oid(&field.oid());
                        let tag = if is_printable(text) { PRINTABLE_STRING } else { UTF8_STRING };
                        writer.primitive(tag, text.as_bytes());
                    });
                });
            }
        });
        writer.into_vec()
    }
}

fn check(field: SubjectField, text: &str) -> Result<(), SubjectError> {
    if field == SubjectField::Country {
        let is_country = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        return if is_country { Ok(()) } else { Err(SubjectError::Country) };
    }
    if text.trim() != text || text.is_empty() {
        return Err(SubjectError::Blank { field });
    }
    if text.chars().any(char::is_control) {
        return Err(SubjectError::Control { field });
    }
    match text.chars().count() {
        len if len > field.max_characters() => Err(SubjectError::TooLong { field, len }),
        _ => Ok(()),
    }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DistinguishedName::from(self).fmt(f)
    }
}

impl TryFrom<Fields> for Subject {
    type Error = SubjectError;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let values = [fields.country, fields.state, fields.locality, fields.organization, fields.organizational_unit, fields.common_name];
        for (field, text) in SubjectField::ALL.into_iter().zip(&values) {
            if let Some(text) = text {
                check(field, text)?;
            }
        }
        Ok(Self { values })
    }
}

impl From<Subject> for Fields {
    fn from(subject: Subject) -> Self {
        let [country, state, locality, organization, organizational_unit, common_name] = subject.values;
        Self { country, state, locality, organization, organizational_unit, common_name }
    }
}
