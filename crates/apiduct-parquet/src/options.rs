use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// How files are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileOptions {
    /// Level of zstd, 1 to 22; default 1, which costs 5 % more time than no real compression and saves the most per
    /// second.
    pub zstd_level: i32,
    /// Rows of a row group at most; default 65 536.
    pub row_group_rows: usize,
    /// Encoded bytes of a row group after which it ends, in memory; default 24 MiB.
    pub row_group_bytes: usize,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            zstd_level: 1,
            row_group_rows: 65_536,
            row_group_bytes: 24 << 20,
        }
    }
}

impl FileOptions {
    pub(crate) fn writer_options(&self) -> ArrowWriterOptions {
        let level = ZstdLevel::try_new(self.zstd_level.clamp(1, 22)).unwrap_or_default();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(self.row_group_rows.max(1)))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by(concat!("apiduct version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        ArrowWriterOptions::new().with_properties(properties)
    }
}
