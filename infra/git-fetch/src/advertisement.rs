//! What a server says it can do (git's `protocol-v2`, "Capability Advertisement").

use crate::error::{ProtocolError, cut};
use crate::packet::{Packet, PacketReader};
use menagerie_git::HashKind;
use std::io::Read;

/// How many capabilities are read.
const MOST: usize = 256;

/// The capabilities that matter to a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertisement {
    /// The hash function of the repository, if the server says it.
    pub hash: Option<HashKind>,
    /// Whether it takes `agent`.
    pub agent: bool,
    /// Whether it tells of a shallow repository's ends.
    pub shallow: bool,
}

impl Advertisement {
    /// Reads the answer to the first call.
    ///
    /// # Errors
    /// If the server does not speak version 2, or cannot list and fetch.
    pub fn read(input: impl Read) -> Result<Self, ProtocolError> {
        let mut packets = PacketReader::new(input);
        let mut line = packets.packet()?.line().map(<[u8]>::to_vec);
        if line.as_deref() == Some(b"# service=git-upload-pack") {
            if packets.packet()? != Packet::Flush {
                return Err(ProtocolError::Version);
            }
            line = packets.packet()?.line().map(<[u8]>::to_vec);
        }
        if line.as_deref() != Some(b"version 2") {
            return Err(ProtocolError::Version);
        }
        let (mut found, mut lists, mut fetches) = (Self { hash: None, agent: false, shallow: false }, false, false);
        for _ in 0..MOST {
            let packet = packets.packet()?;
            let Some(line) = packet.line() else {
                return match (packet, lists, fetches) {
                    (Packet::Flush, true, true) => Ok(found),
                    (Packet::Flush, false, _) => Err(ProtocolError::Lacks("command ls-refs")),
                    (Packet::Flush, ..) => Err(ProtocolError::Lacks("command fetch")),
                    _ => Err(ProtocolError::Lacks("end")),
                };
            };
            let (key, value) = match line.iter().position(|byte| *byte == b'=') {
                Some(at) => (&line[..at], &line[at + 1..]),
                None => (line, &b""[..]),
            };
            match key {
                b"agent" => found.agent = true,
                b"ls-refs" => lists = true,
                b"fetch" => {
                    fetches = true;
                    found.shallow = value.split(|byte| *byte == b' ').any(|word| word == b"shallow");
                }
                b"object-format" => {
                    found.hash = Some(match value {
                        b"sha1" => HashKind::Sha1,
                        b"sha256" => HashKind::Sha256,
                        other => return Err(ProtocolError::Hash(cut(other))),
                    });
                }
                _ => {}
            }
        }
        Err(ProtocolError::TooMany { what: "capabilities", limit: MOST })
    }
}
