//! Layouts in a tree of the lengths of their groups: `###-##-####` is the path 3, 2, 4. A candidate walks the tree once, whatever the number
//! of layouts, and is compared with the few that end where it ends.

use super::detector::{Detector, fits};

/// The longest group of letters and digits that any layout has; the tree's nodes have this many branches.
pub(super) const LONGEST_GROUP: usize = 33;

/// The longest value that any layout writes, without its separators.
pub(super) const LONGEST_VALUE: usize = 40;

/// The tree; node 0 is its root.
pub(super) struct Layouts {
    nodes: Vec<Node>,
}

struct Node {
    /// The node behind a group of each length; 0 is none.
    branches: [u16; LONGEST_GROUP + 1],
    /// Layouts that end here, each with the places of its detectors.
    ends: Vec<(&'static [u8], Vec<usize>)>,
}

impl Layouts {
    /// The tree of the detectors' layouts; they are known by their place in the slice.
    pub(super) fn new(detectors: &[&'static Detector]) -> Self {
        let mut tree = Self { nodes: vec![Node::new()] };
        for (place, detector) in detectors.iter().enumerate() {
            for layout in detector.layouts {
                tree.insert(layout.as_bytes(), place);
            }
        }
        tree
    }

    fn insert(&mut self, layout: &'static [u8], detector: usize) {
        let mut at = 0;
        for group in layout.split(|byte| !is_place(*byte)) {
            let next = usize::from(self.nodes[at].branches[group.len()]);
            at = if next == 0 {
                let new = self.nodes.len();
                self.nodes[at].branches[group.len()] = u16::try_from(new).expect("layouts are a few hundred");
                self.nodes.push(Node::new());
                new
            } else {
                next
            };
        }
        let ends = &mut self.nodes[at].ends;
        match ends.iter_mut().find(|(written, _)| *written == layout) {
            Some((_, detectors)) => detectors.push(detector),
            None => ends.push((layout, vec![detector])),
        }
    }

    /// The node behind a group of that length.
    pub(super) fn step(&self, node: usize, group: usize) -> Option<usize> {
        let next = *self.nodes[node].branches.get(group)?;
        (next != 0).then_some(usize::from(next))
    }

    /// Whether a layout ends at the node.
    pub(super) fn ends(&self, node: usize) -> bool {
        !self.nodes[node].ends.is_empty()
    }

    /// The layouts that end at the node and fit what is written, with the places of their detectors.
    pub(super) fn fitting<'a>(&'a self, node: usize, written: &'a [u8]) -> impl Iterator<Item = (&'static [u8], &'a [usize])> + 'a {
        let fit = move |layout: &[u8]| layout.len() == written.len() && layout.iter().zip(written).all(|(place, byte)| fits(*place, *byte));
        self.nodes[node].ends.iter().filter(move |(layout, _)| fit(layout)).map(|(layout, detectors)| (*layout, detectors.as_slice()))
    }
}

impl Node {
    const fn new() -> Self {
        Self { branches: [0; LONGEST_GROUP + 1], ends: Vec::new() }
    }
}

/// Whether the byte of a layout is a place for a letter or a digit and not a separator.
pub(super) const fn is_place(byte: u8) -> bool {
    matches!(byte, b'#' | b'@' | b'*')
}

/// Whether a candidate's groups may be joined by the byte.
pub(super) const fn is_joiner(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(')
}

/// Whether the layout alone says more than "some digits": it has separators, or letters among its digits.
pub(super) fn tells(layout: &[u8]) -> bool {
    layout.iter().any(|byte| *byte != b'#')
}

/// What is written, without separators and in capitals; the number of bytes put into `value`.
pub(super) fn normalise(written: &[u8], value: &mut [u8; LONGEST_VALUE]) -> usize {
    let mut length = 0;
    for byte in written.iter().filter(|byte| byte.is_ascii_alphanumeric()).take(LONGEST_VALUE) {
        value[length] = byte.to_ascii_uppercase();
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::detector::detectors;

    #[test]
    fn every_layout_is_found_at_the_end_of_its_path() {
        let all: Vec<_> = detectors().collect();
        let tree = Layouts::new(&all);
        for (place, detector) in all.iter().enumerate() {
            for layout in detector.layouts {
                let written: Vec<u8> = layout
                    .bytes()
                    .map(|byte| {
                        if byte == b'#' || byte == b'*' {
                            b'7'
                        } else if byte == b'@' {
                            b'k'
                        } else {
                            byte
                        }
                    })
                    .collect();
                let node = written
                    .split(|byte| !byte.is_ascii_alphanumeric())
                    .try_fold(0, |node, group| tree.step(node, group.len()))
                    .expect("a path");
                assert!(tree.fitting(node, &written).any(|(_, detectors)| detectors.contains(&place)), "{} as {layout}", detector.id);
                assert!(layout.bytes().all(|byte| is_place(byte) || is_joiner(byte)), "{layout}");
                assert!(layout.len() <= 64, "the finder counts digits in blocks of that length");
                let mut value = [0; LONGEST_VALUE];
                assert_eq!(normalise(&written, &mut value), layout.bytes().filter(|byte| is_place(*byte)).count());
            }
        }
        assert_eq!(tree.step(0, LONGEST_GROUP + 1), None);
    }
}
