//! Counting and hashing of what passes through.

use std::fs::File;
use std::io::{self, Read, Write};

use xxhash_rust::xxh3::Xxh3Default;

/// A file with the length and digest of what was written to it or read from it so far.
pub(super) struct Hashing {
    file: File,
    bytes: u64,
    hash: Box<Xxh3Default>,
}

impl Hashing {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            bytes: 0,
            hash: Box::default(),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn digest(&self) -> String {
        format!("{:016x}", self.hash.digest())
    }

    pub(super) fn into_file(self) -> File {
        self.file
    }

    fn saw(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }
}

impl Write for Hashing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.saw(&buffer[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.saw(&buffer[..read]);
        Ok(read)
    }
}
