//! Text in columns for a terminal. Names are hostile: each cell is kept on its line and cut.

use crate::model::markup::cut;

/// Most characters of a cell.
pub const CELL: usize = 60;

/// Returns the rows with each column as wide as its widest cell, two blanks apart.
#[must_use]
pub fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Returns the text on one line and cut to `most` characters, so that it stays in its column.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    let text = text.split(|character: char| character.is_whitespace() || character.is_control());
    cut(&text.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "), most)
}

/// Returns the time to the minute, as the platform gave it, which is in UTC.
#[must_use]
pub fn minute(time: &str) -> String {
    match time.get(..16) {
        Some(start) if time.ends_with('Z') => one_line(&start.replace('T', " "), CELL),
        _ => one_line(time, CELL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [vec!["NAME".to_owned(), "ID".to_owned()], vec!["é".to_owned(), "1".to_owned()], vec!["longer".to_owned()]];
        assert_eq!(aligned(&rows), ["NAME    ID", "é       1", "longer"]);
    }

    #[test]
    fn a_cell_stays_on_its_line() {
        assert_eq!(one_line("a\n\tb\u{7}c  d", 20), "a b c d");
        assert_eq!(one_line("abcdef", 3).chars().count(), 3);
        assert_eq!((minute("2026-08-01T10:11:12Z"), minute("soon")), ("2026-08-01 10:11".to_owned(), "soon".to_owned()));
    }
}
