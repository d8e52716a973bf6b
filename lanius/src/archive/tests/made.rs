//! Archives made by hand, byte by byte, where no program would make them.

use std::io::Write as _;

/// One member of a zip file to be made.
pub(super) struct ZipMember<'a> {
    pub(super) name: &'a str,
    pub(super) method: u16,
    pub(super) flags: u16,
    pub(super) crc: u32,
    /// The size that is claimed.
    pub(super) size: u32,
    pub(super) bytes: &'a [u8],
}

/// A stored member.
pub(super) fn stored<'a>(name: &'a str, bytes: &'a [u8]) -> ZipMember<'a> {
    ZipMember { name, method: 0, flags: 0, crc: crc32fast::hash(bytes), size: u32::try_from(bytes.len()).unwrap(), bytes }
}

fn header(member: &ZipMember<'_>) -> Vec<u8> {
    let mut header = Vec::new();
    for short in [20, member.flags, member.method, 0, 0] {
        header.extend(u16::to_le_bytes(short));
    }
    for long in [member.crc, u32::try_from(member.bytes.len()).unwrap(), member.size] {
        header.extend(u32::to_le_bytes(long));
    }
    header.extend(u16::try_from(member.name.len()).unwrap().to_le_bytes());
    header.extend([0, 0]);
    header
}

/// A zip file. `offset` says where the directory claims that the member of a number begins, given where it does.
pub(super) fn zip(members: &[ZipMember<'_>], offset: impl Fn(usize, u32) -> u32) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (number, member) in members.iter().enumerate() {
        let at = u32::try_from(file.len()).unwrap();
        file.extend(b"PK\x03\x04");
        file.extend(header(member));
        file.extend(member.name.as_bytes());
        file.extend(member.bytes);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(header(member));
        directory.extend([0; 6]);
        directory.extend(0o100_644_u32.wrapping_shl(16).to_le_bytes());
        directory.extend(offset(number, at).to_le_bytes());
        directory.extend(member.name.as_bytes());
    }
    let at = u32::try_from(file.len()).unwrap();
    file.extend(&directory);
    let count = u16::try_from(members.len()).unwrap_or(u16::MAX).to_le_bytes();
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].concat());
    file.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    file.extend(at.to_le_bytes());
    file.extend([0, 0]);
    file
}

/// A header of a tar file, without what follows it.
pub(super) fn tar_header(name: &str, kind: u8, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A member of a tar file, whole.
pub(super) fn tar_member(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut member = tar_header(name, kind, bytes.len() as u64).to_vec();
    member.extend(bytes);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

/// A tar file of files.
pub(super) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file: Vec<u8> = members.iter().flat_map(|(name, bytes)| tar_member(name, b'0', bytes)).collect();
    file.extend([0; 1024]);
    file
}

/// A gzip stream.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A raw deflate stream.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
