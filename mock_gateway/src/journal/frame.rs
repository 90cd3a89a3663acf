//! One line: checksum, sequence number, entry.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Entry;

const HEAD: &[u8] = b"{\"crc\":\"";
const SUM_DIGITS: usize = 8;
const AFTER_SUM: &[u8] = b"\",";
const COVERED_FROM: usize = HEAD.len() + SUM_DIGITS + AFTER_SUM.len();

#[derive(Deserialize)]
struct Line<'a> {
    #[expect(dead_code, reason = "checked on the bytes")]
    crc: &'a str,
    seq: u64,
    #[serde(borrow)]
    entry: &'a RawValue,
}

/// Appends one line to a buffer.
pub(super) fn write(seq: u64, entry: &Entry<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(HEAD);
    out.extend_from_slice(&[b'0'; SUM_DIGITS]);
    out.extend_from_slice(AFTER_SUM);
    out.extend_from_slice(b"\"seq\":");
    out.extend_from_slice(itoa::Buffer::new().format(seq).as_bytes());
    out.extend_from_slice(b",\"entry\":");
    serde_json::to_writer(&mut *out, entry).expect("entries become JSON");
    out.push(b'}');
    let sum = crc32fast::hash(&out[start + COVERED_FROM..]);
    let digits = format!("{sum:08x}");
    out[start + HEAD.len()..][..SUM_DIGITS].copy_from_slice(digits.as_bytes());
    out.push(b'\n');
}

/// Checks a line, without its line feed, and takes it apart.
pub(super) fn read(line: &[u8]) -> Result<(u64, &RawValue), String> {
    let sum = line
        .strip_prefix(HEAD)
        .and_then(|rest| rest.get(..SUM_DIGITS))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .ok_or("it does not start with a checksum")?;
    let covered = line.get(COVERED_FROM..).unwrap_or_default();
    if crc32fast::hash(covered) != sum {
        return Err("its checksum does not match".to_owned());
    }
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    Ok((line.seq, line.entry))
}
