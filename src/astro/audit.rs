//! The audit logs of the Organization, as a stream of lines. The answer is compressed or not, whatever its header says: only
//! its first bytes tell (`reference/astro-platform.md` 8.7).

use std::io::Write as _;

use flate2::write::MultiGzDecoder;

use crate::astro::client::AstroClient;
use crate::astro::connection::explained;
use crate::error::{Error, Kind, Result};
use crate::http::stream::Body;

/// How gzip begins.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Longest line; a request's body may be long.
const LONGEST_LINE: usize = 16 << 20;

const DOING: &str = "read the audit logs";

/// Events of a time, one line each.
pub struct AuditLines {
    body: Body,
    decoder: Decoder,
    lines: Lines,
}

enum Decoder {
    /// Fewer than two bytes came yet.
    Undecided(Vec<u8>),
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl AstroClient {
    /// Asks for the events from a start up to an end, both RFC 3339.
    ///
    /// # Errors
    /// Fails with `Refused` without the role Organization Owner, else as reads do.
    pub async fn audit_lines(&self, start: &str, end: &str) -> Result<AuditLines> {
        let path = ["organizations", self.organization_id().await?.as_str(), "audit-logs"];
        let opened = self.connection().open(&path, &[("startDate", start), ("endDate", end)]).await;
        let body = opened.map_err(|failure| explained(failure, DOING))?;
        Ok(AuditLines { body, decoder: Decoder::Undecided(Vec::new()), lines: Lines::default() })
    }
}

impl AuditLines {
    /// Returns the next line that is not empty; none at the end.
    ///
    /// # Errors
    /// `Kind::Transfer` when the answer breaks off, is not whole, or has a line without an end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            if let Some(line) = self.lines.take() {
                return Ok(Some(line));
            }
            if self.lines.is_too_long() {
                return Err(unusable(format!("a line is longer than {LONGEST_LINE} bytes")));
            }
            match self.body.next().await.map_err(|failure| explained(failure, DOING))? {
                Some(bytes) => self.decoder.feed(&bytes, &mut self.lines)?,
                None => {
                    self.decoder.end(&mut self.lines)?;
                    return Ok(self.lines.take().or_else(|| self.lines.rest()));
                }
            }
        }
    }
}

impl Decoder {
    fn feed(&mut self, bytes: &[u8], lines: &mut Lines) -> Result<()> {
        match self {
            Self::Undecided(first) => {
                first.extend_from_slice(bytes);
                if first.len() < MAGIC.len() {
                    return Ok(());
                }
                let first = std::mem::take(first);
                *self = match first.starts_with(&MAGIC) {
                    true => Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
                    false => Self::Plain,
                };
                self.feed(&first, lines)
            }
            Self::Plain => {
                lines.push(bytes);
                Ok(())
            }
            Self::Gzip(decoder) => {
                decoder.write_all(bytes).map_err(|error| unusable(format!("it is no whole gzip: {error}")))?;
                lines.push(&std::mem::take(decoder.get_mut()));
                Ok(())
            }
        }
    }

    fn end(&mut self, lines: &mut Lines) -> Result<()> {
        match self {
            Self::Undecided(first) => lines.push(&std::mem::take(first)),
            Self::Plain => {}
            Self::Gzip(decoder) => {
                decoder.try_finish().map_err(|error| unusable(format!("it is no whole gzip: {error}")))?;
                lines.push(&std::mem::take(decoder.get_mut()));
            }
        }
        *self = Self::Plain;
        Ok(())
    }
}

fn unusable(because: String) -> Error {
    Error::new(Kind::Transfer, DOING).because(because)
}

/// Bytes that come in any portions, given out line by line.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to where no line ends.
    searched: usize,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        loop {
            let rest = self.bytes.get(self.searched..)?;
            let Some(place) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.bytes.len();
                return None;
            };
            let end = self.searched + place;
            let line = self.bytes.get(self.start..end).unwrap_or_default().trim_ascii().to_vec();
            self.start = end + 1;
            self.searched = self.start;
            if !line.is_empty() {
                return Some(line);
            }
        }
    }

    fn is_too_long(&self) -> bool {
        self.bytes.len() - self.start > LONGEST_LINE
    }

    /// Returns the last line, which needs no end.
    fn rest(&mut self) -> Option<Vec<u8>> {
        let line = self.bytes.get(self.start..).unwrap_or_default().trim_ascii().to_vec();
        *self = Self::default();
        Some(line).filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn decoded(bytes: &[u8], portion: usize) -> Result<Vec<String>> {
        let (mut decoder, mut lines, mut all) = (Decoder::Undecided(Vec::new()), Lines::default(), Vec::new());
        for part in bytes.chunks(portion) {
            decoder.feed(part, &mut lines)?;
            while let Some(line) = lines.take() {
                all.push(line);
            }
        }
        decoder.end(&mut lines)?;
        while let Some(line) = lines.take() {
            all.push(line);
        }
        all.extend(lines.rest());
        Ok(all.into_iter().map(|line| String::from_utf8(line).expect("text")).collect())
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).expect("written");
        encoder.finish().expect("whole")
    }

    #[test]
    fn lines_come_whole_in_any_portions_compressed_or_not() {
        let text = "{\"a\":1}\r\n\n{\"b\":2}\n{\"c\":3}";
        let twice = [gzip("{\"a\":1}\n{\"b\":"), gzip("2}\n{\"c\":3}\n")].concat();
        for bytes in [text.as_bytes().to_vec(), gzip(text), twice] {
            for portion in [1, 2, 7, 1_000] {
                assert_eq!(decoded(&bytes, portion).expect("lines"), ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"], "{portion}");
            }
        }
        assert_eq!(decoded(b"", 1).expect("lines"), Vec::<String>::new());
        assert_eq!(decoded(b"x", 1).expect("lines"), ["x"]);
    }

    #[test]
    fn a_gzip_that_breaks_off_is_no_answer() {
        let whole = gzip(&"{\"a\":1}\n".repeat(1_000));
        for length in [whole.len() - 1, whole.len() / 2, 5] {
            let error = decoded(&whole[..length], 16).expect_err("broken");
            assert_eq!(error.kind(), Kind::Transfer, "{length}");
        }
    }
}
