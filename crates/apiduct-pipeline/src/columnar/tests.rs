use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array,
    Float64Array, Int64Array, StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::Field;
use parquet::arrow::ArrowWriter;

use super::*;

const LIMIT: u64 = 1 << 20;

fn batch() -> RecordBatch {
    let mut list = ListBuilder::new(Int32Builder::new());
    list.append_value([Some(1), None]);
    list.append_null();
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(5);
    map.append(true).unwrap();
    map.append(true).unwrap();
    let digits = 12_345_678_901_234_567_890_123_456_789_i128;
    let decimal = Decimal128Array::from(vec![Some(digits), None]);
    let inner: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    let field = Arc::new(Field::new("s", DataType::Utf8, true));
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "int",
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None])),
        ),
        ("uint", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
        ("f64", Arc::new(Float64Array::from(vec![0.1, f64::NAN]))),
        ("f32", Arc::new(Float32Array::from(vec![0.1, 2.0]))),
        ("bool", Arc::new(BooleanArray::from(vec![true, false]))),
        ("text", Arc::new(StringArray::from(vec!["a \"b\"", "ä"]))),
        (
            "bytes",
            Arc::new(BinaryArray::from_vec(vec![b"\x00\xff", b""])),
        ),
        (
            "decimal",
            Arc::new(decimal.with_precision_and_scale(38, 4).unwrap()),
        ),
        ("date", Arc::new(Date32Array::from(vec![19_723, 0]))),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from(vec![1_704_067_200_000_001, 0])
                    .with_timezone("Europe/Berlin"),
            ),
        ),
        (
            "local",
            Arc::new(TimestampMicrosecondArray::from(vec![0, 1])),
        ),
        (
            "word",
            Arc::new(
                ["p", "q"]
                    .into_iter()
                    .collect::<DictionaryArray<types::Int32Type>>(),
            ),
        ),
        ("list", Arc::new(list.finish())),
        ("map", Arc::new(map.finish())),
        ("object", Arc::new(StructArray::from(vec![(field, inner)]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

const ROWS: &str = r#"[{"int":9223372036854775807,"uint":18446744073709551615,"f64":0.1,"f32":0.1,"bool":true,"text":"a \"b\"","bytes":"AP8=","decimal":1234567890123456789012345.6789,"date":"2024-01-01","at":"2024-01-01T00:00:00.000001Z","local":"1970-01-01T00:00:00","word":"p","list":[1,null],"map":{"k":5},"object":{"s":"x"}},{"int":null,"uint":0,"f64":"NaN","f32":2.0,"bool":false,"text":"ä","bytes":"","decimal":null,"date":"1970-01-01","at":"1970-01-01T00:00:00Z","local":"1970-01-01T00:00:00.000001","word":"q","list":null,"map":{},"object":{"s":"y"}}]"#;

fn stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

fn file(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn decoded(decoder: &dyn BodyDecoder, body: Vec<u8>) -> String {
    let text = decoder.decode(&body.into(), LIMIT).unwrap();
    String::from_utf8(text.to_vec()).unwrap()
}

#[test]
fn every_type_comes_out_of_arrow_without_loss() {
    assert_eq!(decoded(&ArrowBody, stream(&batch())), ROWS);
    assert_eq!(decoded(&ArrowBody, file(&batch())), ROWS);
}

#[test]
fn every_type_comes_out_of_parquet_without_loss() {
    assert_eq!(decoded(&ParquetBody, parquet(&batch())), ROWS);
}

#[test]
fn bodies_are_known_by_type_or_by_their_first_bytes() {
    let [arrow, parquet] = decoders();
    for content_type in [
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.arrow.file",
    ] {
        assert!(arrow.claims(content_type, b""));
    }
    assert!(arrow.claims("application/octet-stream", b"ARROW1\0\0"));
    assert!(parquet.claims("application/vnd.apache.parquet", b""));
    assert!(parquet.claims("", b"PAR1..."));
    assert!(!arrow.claims("text/csv", b"[") && !parquet.claims("text/csv", b"["));
}

#[test]
fn no_rows_are_an_empty_list_and_too_many_an_error() {
    let none = batch().slice(0, 0);
    assert_eq!(decoded(&ArrowBody, stream(&none)), "[]");
    assert_eq!(decoded(&ParquetBody, super::tests::parquet(&none)), "[]");
    let error = ArrowBody.decode(&stream(&batch()).into(), 10).unwrap_err();
    assert!(error.is_final, "{error}");
}

#[test]
fn a_body_that_was_cut_is_an_error() {
    let body = super::tests::parquet(&batch());
    let cut = body[..body.len() / 2].to_vec();
    assert_eq!(
        ParquetBody.decode(&cut.into(), LIMIT).unwrap_err().format,
        "parquet"
    );
    let body = stream(&batch());
    let cut = body[..body.len() / 2].to_vec();
    assert_eq!(
        ArrowBody.decode(&cut.into(), LIMIT).unwrap_err().format,
        "arrow"
    );
}
