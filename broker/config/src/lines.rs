//! From a byte's place in a text to its line.

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// Finds the lines of a text.
    pub fn of(text: &str) -> Self {
        let after_newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(after_newlines).collect())
    }

    /// The line that holds the byte at `offset`, counted from 1. Beyond the end it is the last one.
    pub fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        let lines = Lines::of("a\nbc\n\nd");
        let found: Vec<_> = [0, 1, 2, 4, 5, 6, 99].into_iter().map(|offset| lines.line(offset)).collect();
        assert_eq!(found, [1, 1, 2, 2, 3, 4, 4]);
        assert_eq!(Lines::of("").line(0), 1);
    }
}
