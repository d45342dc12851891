//! Looks for things in a program whose sections have no names.

use super::memory::{PIECE, words};
use crate::elf::Image;

/// Most bytes of a program that are searched.
const SEARCH_MAX: u64 = 1 << 30;

/// Address of the first place in the file, at a multiple of `align`, that `begins` right and that `fits` accepts.
pub(super) fn first(
    image: &Image,
    align: u64,
    begins: impl Fn(&[u8]) -> bool,
    mut fits: impl FnMut(u64) -> bool,
) -> Option<u64> {
    search(image, false, |address, piece| {
        let step = usize::try_from(align).unwrap_or(usize::MAX);
        let skip = usize::try_from(address.next_multiple_of(align) - address).unwrap_or(usize::MAX);
        (skip..piece.len())
            .step_by(step)
            .filter(|at| begins(&piece[*at..]))
            .map(|at| address + at as u64)
            .find(|found| fits(*found))
    })
}

/// Addresses of all pointers in writable memory to `target`, as the file has them.
pub(super) fn pointers_to(image: &Image, target: u64, most: usize) -> Vec<u64> {
    let mut found = Vec::new();
    search(image, true, |address, piece| {
        let here = (address..).step_by(8).zip(words(piece)).filter(|(_, word)| *word == target);
        found.extend(here.map(|(address, _)| address).take(most - found.len()));
        (found.len() >= most).then_some(())
    });
    found
}

/// Hands out the file's data in pieces until `look` has found something. Pieces are aligned to 8 bytes.
fn search<T>(image: &Image, writable: bool, mut look: impl FnMut(u64, &[u8]) -> Option<T>) -> Option<T> {
    let mut left = SEARCH_MAX;
    for (start, size) in image.data_segments(writable) {
        let mut done = start.next_multiple_of(8) - start;
        while done < size {
            if left == 0 {
                return None;
            }
            let piece = image.data(start + done, PIECE);
            if piece.is_empty() {
                break;
            }
            if let Some(found) = look(start + done, &piece) {
                return Some(found);
            }
            left = left.saturating_sub(piece.len() as u64);
            done += piece.len() as u64;
        }
    }
    None
}
