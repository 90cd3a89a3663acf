//! CSV files, compressed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];
const BUFFER_BYTES: usize = 1 << 16;

/// Opens a file and unpacks it when it is compressed, whatever its name says.
pub fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    unpacked(File::open(path)?)
}

/// Unpacks a stream when its first bytes are those of gzip.
pub fn unpacked(stream: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut stream = BufReader::with_capacity(BUFFER_BYTES, stream);
    if stream.fill_buf()?.starts_with(&GZIP_MAGIC) {
        Ok(Box::new(MultiGzDecoder::new(stream)))
    } else {
        Ok(Box::new(stream))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn text_comes_out_whether_it_was_packed_or_not() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(b"sku,name\n").expect("memory takes bytes");
        let packed = packer.finish().expect("memory takes bytes");
        for bytes in [packed, b"sku,name\n".to_vec()] {
            let mut text = String::new();
            unpacked(io::Cursor::new(bytes))
                .and_then(|mut from| from.read_to_string(&mut text))
                .expect("readable");
            assert_eq!(text, "sku,name\n");
        }
    }
}
