//! Many values of one size, called by numbers, in pieces: growing copies nothing, and a place that is freed is used
//! again.

/// The values of one piece.
const PIECE: usize = 4_096;
/// The number of no value.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Values by number.
#[derive(Debug)]
pub(super) struct Slab<T> {
    pieces: Vec<Vec<T>>,
    free: Vec<u32>,
    taken: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), free: Vec::new(), taken: 0 }
    }
}

impl<T> Slab<T> {
    /// Keeps a value; the number is [`NOWHERE`] and the value dropped where there are no numbers left.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(number) = self.free.pop() {
            self[number] = value;
            self.taken += 1;
            return number;
        }
        let number = self.bound();
        if number == NOWHERE {
            return NOWHERE;
        }
        self.push(value);
        self.taken += 1;
        number
    }

    fn push(&mut self, value: T) -> u32 {
        let number = self.bound();
        if (number as usize).is_multiple_of(PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(value);
        }
        number
    }

    /// Keeps a value under the number that it had before, which lies behind all others; whether it does. The numbers between
    /// are free.
    pub(super) fn restore(&mut self, number: u32, value: T, free: impl Fn() -> T) -> bool {
        if number < self.bound() || number == NOWHERE {
            return false;
        }
        while self.bound() < number {
            let between = self.push(free());
            self.free.push(between);
        }
        self.push(value);
        self.taken += 1;
        true
    }

    /// Gives the place of a value free. The caller has put something small there, and calls it no more.
    pub(super) fn free(&mut self, number: u32) {
        self.free.push(number);
        self.taken -= 1;
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// All numbers lie below.
    pub(super) fn bound(&self) -> u32 {
        match self.pieces.split_last() {
            Some((last, full)) => (full.len() * PIECE + last.len()) as u32,
            None => 0,
        }
    }
}

impl<T> std::ops::Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.pieces[number as usize / PIECE][number as usize % PIECE]
    }
}

impl<T> std::ops::IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.pieces[number as usize / PIECE][number as usize % PIECE]
    }
}
