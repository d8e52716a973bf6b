//! One fetch: what the server can do, which refs it has, a pack of what is new, and the refs written down at the end, so that refs never
//! lead to what is not here.

use crate::advertisement::Advertisement;
use crate::answer::{Answer, read_answer};
use crate::error::{FetchError, ProtocolError, TransportError};
use crate::listing::Listing;
use crate::packet::{put_delimiter, put_flush, put_line};
use crate::store::Store;
use menagerie_git::{HashKind, ObjectId, PackReceiver, ReceiveError, ReceiveLimits, Repository};
use std::collections::BTreeSet;
use std::io::Read;

/// How many tips of an earlier fetch are told.
const MOST_HAVES: usize = 50_000;

/// The two calls of smart HTTP, to one repository. Both send `Git-Protocol: version=2`, and bound what they wait for.
pub trait Transport {
    /// `GET info/refs?service=git-upload-pack`.
    ///
    /// # Errors
    /// If the answer is not one with the status 200 and the type `application/x-git-upload-pack-advertisement`.
    fn advertisement(&mut self) -> Result<Box<dyn Read + '_>, TransportError>;

    /// `POST git-upload-pack` with the type `application/x-git-upload-pack-request`.
    ///
    /// # Errors
    /// If the answer is not one with the status 200 and the type `application/x-git-upload-pack-result`.
    fn upload_pack(&mut self, request: &[u8]) -> Result<Box<dyn Read + '_>, TransportError>;
}

/// How much is fetched, and who says it is asking.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// The name and version of the program, without spaces.
    pub agent: String,
    /// How many bytes of packs a repository may have, all fetches together.
    pub largest: u64,
}

/// What a fetch did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// How many refs the repository has.
    pub refs: usize,
    /// How many objects came.
    pub objects: u64,
    /// How many bytes came as a pack.
    pub bytes: u64,
    /// How many refs were left out, since their names are none.
    pub misnamed: usize,
}

/// Fetches every ref into `store`, and of the objects what it lacks.
///
/// # Errors
/// If any step fails. What the store had, it has.
pub fn fetch(transport: &mut dyn Transport, store: &Store, options: &FetchOptions) -> Result<Fetched, FetchError> {
    let server = Advertisement::read(transport.advertisement()?)?;
    let hash = server.hash.unwrap_or(HashKind::Sha1);
    let repository = match store.open()? {
        Some(repository) if repository.hash_kind() != hash => return Err(ProtocolError::Hash(format!("{hash:?}")).into()),
        Some(repository) => repository,
        None => store.begin(hash)?,
    };
    let listing = list(transport, &server, options)?;
    let mut fetched = Fetched { refs: listing.refs.len(), misnamed: listing.misnamed, ..Fetched::default() };
    match receive(transport, &server, store, &repository, &listing, options) {
        Ok(received) => (fetched.objects, fetched.bytes) = received,
        // Someone pushed between the list and the fetch: what was listed may be no one's any more.
        Err(FetchError::Protocol(ProtocolError::Said(said))) if said.contains("not our ref") => {
            let listing = list(transport, &server, options)?;
            (fetched.objects, fetched.bytes) = receive(transport, &server, store, &repository, &listing, options)?;
            write_refs(store, &listing)?;
            return Ok(Fetched { refs: listing.refs.len(), misnamed: listing.misnamed, ..fetched });
        }
        Err(error) => return Err(error),
    }
    write_refs(store, &listing)?;
    Ok(fetched)
}

fn write_refs(store: &Store, listing: &Listing) -> Result<(), FetchError> {
    store.set_refs(&listing.refs)?;
    match (&listing.head_ref, listing.head) {
        (Some(name), _) => store.set_head(&format!("ref: {name}"))?,
        (None, Some(oid)) => store.set_head(&oid.to_string())?,
        (None, None) => {}
    }
    Ok(())
}

/// The head of a request: the command and what both sides can do.
fn command(name: &str, server: &Advertisement, options: &FetchOptions) -> Vec<u8> {
    let mut request = Vec::new();
    put_line(&mut request, &format!("command={name}"));
    if server.agent {
        put_line(&mut request, &format!("agent={}", options.agent));
    }
    if let Some(hash) = server.hash {
        put_line(&mut request, if hash == HashKind::Sha1 { "object-format=sha1" } else { "object-format=sha256" });
    }
    put_delimiter(&mut request);
    request
}

fn list(transport: &mut dyn Transport, server: &Advertisement, options: &FetchOptions) -> Result<Listing, FetchError> {
    let mut request = command("ls-refs", server, options);
    for argument in ["symrefs", "ref-prefix HEAD", "ref-prefix refs/"] {
        put_line(&mut request, argument);
    }
    put_flush(&mut request);
    Ok(Listing::read(transport.upload_pack(&request)?, server.hash.unwrap_or(HashKind::Sha1))?)
}

/// Asks for what the refs lead to and the repository lacks; says how many objects and bytes came.
fn receive(
    transport: &mut dyn Transport,
    server: &Advertisement,
    store: &Store,
    repository: &Repository,
    listing: &Listing,
    options: &FetchOptions,
) -> Result<(u64, u64), FetchError> {
    let hash = repository.hash_kind();
    let wanted: BTreeSet<ObjectId> = listing.refs.values().copied().chain(listing.head).filter(|oid| !repository.contains(oid)).collect();
    if wanted.is_empty() {
        return Ok((0, 0));
    }
    let mut request = command("fetch", server, options);
    for argument in ["thin-pack", "ofs-delta", "no-progress"] {
        put_line(&mut request, argument);
    }
    if server.shallow {
        repository.shallow().iter().collect::<BTreeSet<_>>().into_iter().for_each(|oid| put_line(&mut request, &format!("shallow {oid}")));
    }
    wanted.iter().for_each(|oid| put_line(&mut request, &format!("want {oid}")));
    let had = repository.refs().tips();
    had.iter().filter(|oid| repository.contains(oid)).take(MOST_HAVES).for_each(|oid| put_line(&mut request, &format!("have {oid}")));
    put_line(&mut request, "done");
    put_flush(&mut request);

    let too_large = || FetchError::TooLarge { limit: options.largest };
    let bytes = options.largest.checked_sub(repository.packed_bytes()).filter(|left| *left > 0).ok_or_else(too_large)?;
    let limits = ReceiveLimits { bytes, ..ReceiveLimits::default() };
    let mut receiver = PackReceiver::new(&store.packs(), hash, limits)?;
    let answer = read_answer(transport.upload_pack(&request)?, hash, &mut receiver);
    let answer = match answer {
        Ok(answer) => answer,
        // What the receiver refused, it says when it is finished.
        Err(_) if receiver.has_refused() => Answer::default(),
        Err(error) => {
            receiver.discard();
            return Err(error.into());
        }
    };
    // The ends of a shallow history are known before the pack that has them, and forgotten with it.
    let ends: BTreeSet<ObjectId> = repository.shallow().iter().copied().collect();
    let mut now: BTreeSet<ObjectId> = ends.iter().chain(&answer.shallow).copied().collect();
    now.retain(|oid| !answer.unshallow.contains(oid));
    if now != ends {
        store.set_shallow(&now)?;
    }
    let received = match receiver.finish(repository) {
        Ok(received) => received,
        Err(error) => {
            if now != ends {
                store.set_shallow(&ends)?;
            }
            return Err(match error {
                ReceiveError::TooLong { .. } => too_large(),
                other => other.into(),
            });
        }
    };
    let grown = store.open()?.ok_or(ProtocolError::Lacks("pack"))?;
    if let Some(missing) = wanted.iter().find(|oid| !grown.contains(oid)) {
        return Err(FetchError::NotSent(*missing));
    }
    Ok(received.map_or((0, 0), |received| (u64::from(received.entries - received.appended), answer.pack_bytes)))
}
