//! Tar headers that depend on the content alone: fixed owner, fixed modes, GNU long names.
//! It knows the header format but neither reads files nor compresses.

use tar::{EntryType, Header};

/// Tar pads everything to this many bytes.
pub const RECORD: usize = 512;

/// The bytes that end an archive: two empty records.
pub const END: [u8; 2 * RECORD] = [0; 2 * RECORD];

/// 2000-01-01T00:00:00Z. Times start here and not at the epoch, because zip files cannot hold
/// times before 1980 and GNU tar warns about files from 1970.
const FIRST_TIME: u64 = 946_684_800;

/// Bytes of the name and of the link target that fit into a header.
const FIELD: usize = 100;

/// What the header of a regular file says.
pub struct FileHeader<'a> {
    /// Name in the archive.
    pub name: &'a [u8],
    /// Size in bytes.
    pub size: u64,
    /// Whether its mode is 0755 and not 0644.
    pub executable: bool,
    /// BLAKE3 hash of its content, from which its time follows.
    pub hash: [u8; 32],
}

/// Appends the header of a regular file; content and padding come after it.
pub fn append_file(out: &mut Vec<u8>, file: &FileHeader<'_>) {
    append_long(out, EntryType::GNULongName, file.name);
    let mut header = blank(EntryType::Regular, file.name);
    header.set_mode(if file.executable { 0o755 } else { 0o644 });
    header.set_size(file.size);
    header.set_mtime(modification_time(&file.hash));
    append_summed(out, &mut header);
}

/// Appends a symbolic link with its literal target.
pub fn append_symlink(out: &mut Vec<u8>, name: &[u8], target: &[u8]) {
    append_long(out, EntryType::GNULongLink, target);
    append_long(out, EntryType::GNULongName, name);
    let mut header = blank(EntryType::Symlink, name);
    fill(&mut header.as_old_mut().linkname, target);
    header.set_mode(0o777);
    header.set_size(0);
    append_summed(out, &mut header);
}

/// Returns how many zero bytes follow `size` bytes of content.
#[must_use]
pub const fn padding(size: u64) -> usize {
    // The remainder is below 512, so the cast is lossless.
    ((RECORD as u64 - size % RECORD as u64) % RECORD as u64) as usize
}

/// Returns a time that follows from the content, within eight years from `FIRST_TIME`.
///
/// One fixed time for all would make changed files look unchanged where they replace older ones:
/// Python trusts a cached `.pyc` whose source has the recorded time and size, and dbt's partial
/// parsing and Airflow's DAG processing compare times too.
const fn modification_time(hash: &[u8; 32]) -> u64 {
    let [first, second, third, fourth, ..] = *hash;
    FIRST_TIME + (u32::from_le_bytes([first, second, third, fourth]) >> 4) as u64
}

/// Appends a GNU extension entry when the value does not fit into its field. GNU long names and
/// not PAX records, because those must be UTF-8 and file names need not be.
fn append_long(out: &mut Vec<u8>, kind: EntryType, value: &[u8]) {
    if value.len() <= FIELD {
        return;
    }
    let size = value.len() as u64 + 1;
    let mut header = blank(kind, b"././@LongLink");
    header.set_mode(0o644);
    header.set_size(size);
    append_summed(out, &mut header);
    out.extend_from_slice(value);
    out.resize(out.len() + 1 + padding(size), 0);
}

fn blank(kind: EntryType, name: &[u8]) -> Header {
    let mut header = Header::new_gnu();
    fill(&mut header.as_old_mut().name, name);
    header.set_entry_type(kind);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(FIRST_TIME);
    header
}

/// Copies as much of a value as fits; the rest is in the extension entry before.
fn fill(field: &mut [u8; FIELD], value: &[u8]) {
    field.iter_mut().zip(value).for_each(|(slot, byte)| *slot = *byte);
}

fn append_summed(out: &mut Vec<u8>, header: &mut Header) {
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(content: &[u8]) -> Header {
        let mut out = Vec::new();
        let file =
            FileHeader { name: b"a.py", size: content.len() as u64, executable: false, hash: *blake3::hash(content).as_bytes() };
        append_file(&mut out, &file);
        let mut header = Header::new_gnu();
        header.as_mut_bytes().copy_from_slice(&out);
        header
    }

    #[test]
    fn an_edit_of_equal_length_gets_another_time() {
        let time = |content: &[u8]| header(content).mtime().unwrap();
        assert_ne!(time(b"retries=1"), time(b"retries=2"));
        assert_eq!(time(b"retries=1"), time(b"retries=1"));
        // From 2000 to the middle of 2008: after what zip needs and never in the future.
        for number in 0..200_u32 {
            assert!((946_684_800..1_215_120_256).contains(&time(&number.to_le_bytes())));
        }
    }

    #[test]
    fn sizes_beyond_eight_gib_fit() {
        let mut out = Vec::new();
        append_file(&mut out, &FileHeader { name: b"a", size: 1 << 40, executable: true, hash: [0; 32] });
        let mut header = Header::new_gnu();
        header.as_mut_bytes().copy_from_slice(&out);
        assert_eq!((header.size().unwrap(), header.mode().unwrap()), (1 << 40, 0o755));
    }

    #[test]
    fn padding_fills_the_record() {
        for (size, expected) in [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)] {
            assert_eq!(padding(size), expected, "{size}");
        }
    }
}
