use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// Bytes of a page before compression. Every column holds one dictionary and one page in memory, so it bounds memory by
/// the number of columns; a dictionary that outgrows it would not have saved much.
const PAGE_BYTES: usize = 128 << 10;

/// How files are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileOptions {
    /// Level of zstd, 1 to 22; default 1, which costs 5 % more time than no real compression and saves the most per
    /// second.
    pub zstd_level: i32,
    /// Rows of a row group at most; default 65 536.
    pub row_group_rows: usize,
    /// Encoded bytes of a row group after which it ends, in memory; default 8 MiB.
    pub row_group_bytes: usize,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            zstd_level: 1,
            row_group_rows: 65_536,
            row_group_bytes: 8 << 20,
        }
    }
}

impl FileOptions {
    pub(crate) fn writer_options(&self) -> ArrowWriterOptions {
        let level = ZstdLevel::try_new(self.zstd_level.clamp(1, 22)).unwrap_or_default();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(self.row_group_rows.max(1)))
            .set_dictionary_page_size_limit(PAGE_BYTES)
            .set_data_page_size_limit(PAGE_BYTES)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by(concat!("apiduct version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        ArrowWriterOptions::new().with_properties(properties)
    }
}
