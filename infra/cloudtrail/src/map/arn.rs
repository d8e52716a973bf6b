//! The formats of ARNs, as the catalogue gives them (`arn:${Partition}:s3:::${BucketName}/${ObjectName}`): filled, and recognised.

use memchr::{memchr, memchr_iter, memmem, memrchr2};

use super::Resource;
use super::leaves::LONGEST;

/// A format.
#[derive(Debug, Clone)]
pub(super) struct Format {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(&'static str),
    Partition,
    Region,
    Account,
    /// The place of a part that a parameter tells, counted from the first.
    Part(usize),
}

/// Where an event happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) partition: &'a str,
    pub(super) region: Option<&'a str>,
    pub(super) account: Option<&'a str>,
}

/// A part, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Known(&'a str),
    /// It ends so.
    Ends(&'a str),
    /// It begins so.
    Begins(&'a str),
    Unknown,
}

impl Format {
    /// A format of the catalogue, and the names of its parts.
    pub(super) fn new(text: &'static str) -> (Self, Vec<&'static str>) {
        let (mut pieces, mut names, mut rest) = (Vec::new(), Vec::new(), text);
        while let Some(start) = rest.find(['$', '*']) {
            if start > 0 {
                pieces.push(Piece::Text(&rest[..start]));
            }
            rest = &rest[start..];
            let length = if rest.starts_with('*') { 1 } else { rest.find('}').map_or(rest.len(), |end| end + 1) };
            pieces.push(match &rest[..length] {
                "${Partition}" => Piece::Partition,
                "${Region}" => Piece::Region,
                "${Account}" => Piece::Account,
                part => {
                    names.push(part.trim_start_matches("${").trim_end_matches('}'));
                    Piece::Part(names.len() - 1)
                }
            });
            rest = &rest[length..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        (Self { pieces }, names)
    }

    /// How many characters of it stand in every ARN: the more, the more it tells apart.
    pub(super) fn fixed(&self) -> usize {
        self.pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 0 }).sum()
    }

    /// An ARN of this format: what fits it may be of another format too.
    pub(super) fn sample(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => *text,
            Piece::Partition | Piece::Region | Piece::Account | Piece::Part(_) => "x",
        };
        self.pieces.iter().map(text).collect()
    }

    /// Whether an ARN is of this format. A part is at least one character; the region and account may be empty.
    pub(super) fn fits(&self, arn: &str) -> bool {
        let mut rest = arn;
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => match rest.strip_prefix(text) {
                    Some(after) => rest = after,
                    None => return false,
                },
                Piece::Partition | Piece::Region | Piece::Account => rest = &rest[memchr(b':', rest.as_bytes()).unwrap_or(rest.len())..],
                Piece::Part(_) => match self.pieces.get(at + 1) {
                    // The end of the format: whatever is left.
                    None => return !rest.is_empty(),
                    // A part ends where the next text begins, the first time.
                    Some(Piece::Text(next)) => match rest.get(1..).and_then(|after| find(after, next)) {
                        Some(end) => rest = &rest[end + 1..],
                        None => return false,
                    },
                    Some(_) => return false,
                },
            }
        }
        rest.is_empty()
    }

    /// The ARN with these parts: with what is known of it if not all is.
    pub(super) fn fill<'p>(&self, scene: Scene<'_>, part: impl Fn(usize) -> Part<'p>) -> Resource {
        let (mut start, mut end) = (String::with_capacity(96), String::new());
        // Whether something unknown was passed: what follows is of the end, and starts anew at each unknown.
        let mut open = false;
        for piece in &self.pieces {
            let text = match piece {
                Piece::Text(text) => Part::Known(text),
                Piece::Partition => Part::Known(scene.partition),
                Piece::Region => scene.region.map_or(Part::Unknown, Part::Known),
                Piece::Account => scene.account.map_or(Part::Unknown, Part::Known),
                Piece::Part(number) => part(*number),
            };
            let (before, known) = match text {
                Part::Known(text) => (Some(text), true),
                Part::Begins(text) => (Some(text), false),
                Part::Ends(_) | Part::Unknown => (None, false),
            };
            if let Some(before) = before {
                // Ids of Organizations begin with what is in the format too (`p-${PolicyId}`).
                let mark = if matches!(piece, Piece::Part(_)) { last_part(if open { &end } else { &start }) } else { "" };
                let before = if mark.ends_with('-') { before.strip_prefix(mark).unwrap_or(before) } else { before };
                if open { end.push_str(before) } else { start.push_str(before) }
            }
            if !known {
                open = true;
                end.clear();
                if let Part::Ends(text) = text {
                    end.push_str(text);
                }
            }
        }
        if start.len() + end.len() > LONGEST {
            Resource::Unknown
        } else if open {
            Resource::Part { start, end }
        } else {
            Resource::Arn(start)
        }
    }
}

/// Where a text begins in another. Mostly it is one byte.
fn find(text: &str, wanted: &str) -> Option<usize> {
    match wanted.as_bytes() {
        [byte] => memchr(*byte, text.as_bytes()),
        wanted => memmem::find(text.as_bytes(), wanted),
    }
}

/// The partition of a region, where nothing says it.
pub(super) fn partition_of(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// Whether a text is an ARN with all its six fields, of a length that one may have.
pub(super) fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.len() <= LONGEST && memchr_iter(b':', text.as_bytes()).nth(4).is_some()
}

/// The partition that an ARN is of.
pub(super) fn partition_in(arn: &str) -> Option<&str> {
    let rest = arn.strip_prefix("arn:")?;
    Some(&rest[..memchr(b':', rest.as_bytes()).unwrap_or(rest.len())]).filter(|partition| partition.starts_with("aws"))
}

/// The part of an ARN after its last `/` or `:`.
pub(super) fn last_part(text: &str) -> &str {
    memrchr2(b'/', b':', text.as_bytes()).map_or(text, |at| &text[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENE: Scene<'_> = Scene { partition: "aws", region: Some("eu-west-1"), account: Some("111122223333") };

    fn format(text: &'static str) -> Format {
        Format::new(text).0
    }

    #[test]
    fn what_is_known_is_filled_in() {
        let (service, names) = Format::new("arn:${Partition}:ecs:${Region}:${Account}:service/${ClusterName}/${ServiceName}");
        assert_eq!(names, ["ClusterName", "ServiceName"]);
        let filled = |parts: [Part<'static>; 2]| service.fill(SCENE, |number| parts[number]);
        let start = "arn:aws:ecs:eu-west-1:111122223333:service/".to_owned();
        assert_eq!(filled([Part::Known("a"), Part::Known("b")]), Resource::Arn(format!("{start}a/b")));
        assert_eq!(filled([Part::Known("a"), Part::Unknown]), Resource::Part { start: format!("{start}a/"), end: String::new() });
        assert_eq!(filled([Part::Unknown, Part::Known("b")]), Resource::Part { start: start.clone(), end: "/b".to_owned() });
        assert_eq!(filled([Part::Unknown, Part::Ends("b")]), Resource::Part { start: start.clone(), end: "b".to_owned() });
        assert_eq!(filled([Part::Begins("a"), Part::Known("b")]), Resource::Part { start: format!("{start}a"), end: "/b".to_owned() });
        let nowhere = Scene { account: None, ..SCENE };
        let (start, end) = ("arn:aws:ecs:eu-west-1:".to_owned(), ":service/a/b".to_owned());
        assert_eq!(service.fill(nowhere, |number| Part::Known(["a", "b"][number])), Resource::Part { start, end });
        assert_eq!(filled([Part::Known("x".repeat(LONGEST).leak()), Part::Known("b")]), Resource::Unknown);
    }

    #[test]
    fn arns_are_recognised() {
        let object = format("arn:${Partition}:s3:::${BucketName}/${ObjectName}");
        assert!(object.fits("arn:aws:s3:::a/b/c") && !object.fits("arn:aws:s3:::a") && !object.fits("arn:aws:s3:::/b"));
        let topic = format("arn:${Partition}:sns:${Region}:${Account}:${TopicName}");
        assert!(topic.fits("arn:aws-cn:sns:cn-north-1:111122223333:t"));
        assert!(
            !topic.fits("arn:aws:sqs:eu-west-1:111122223333:t") && !topic.fits("arn:aws:sns:eu-west-1:111122223333:") && !topic.fits("é")
        );
        let certificate = format("arn:${Partition}:dms:${Region}:${Account}:cert:*");
        assert!(certificate.fits("arn:aws:dms:eu-west-1:111122223333:cert:XY") && !certificate.fits("arn:aws:dms:eu-west-1:1:rep:XY"));
        let catalog = format("arn:${Partition}:glue:${Region}:${Account}:catalog");
        assert!(catalog.fits("arn:aws:glue:eu-west-1:1:catalog") && !catalog.fits("arn:aws:glue:eu-west-1:1:catalog/a"));
    }

    #[test]
    fn a_partition_follows_from_its_region() {
        assert_eq!(
            ["eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1"].map(partition_of),
            ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"]
        );
        assert_eq!((partition_in("arn:aws-cn:iam::1:root"), partition_in("x"), partition_in("arn:evil:")), (Some("aws-cn"), None, None));
    }
}
