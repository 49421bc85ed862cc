//! What a journal consists of: frames, each with its lengths and digests in front.

use std::io::{self, Read};

use apiduct_client::{KeptPage, KeptPass, PageKey};
use apiduct_model::ResourceName;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::head::Head;

/// Begins every frame.
const MAGIC: [u8; 4] = *b"apdJ";

/// Bytes in front of a frame: the magic, the length of what it says (4) and of its body (8), the digest of the body (8),
/// and the digest of all that stands before the body (8).
const FRONT: usize = 32;

/// What a frame says may not be longer; a longer one is damaged.
const LONGEST: usize = 16 << 20;

/// What a frame says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub(super) enum Meta {
    /// What the journal is about; the first frame.
    Head(Box<Head>),
    /// A page, whose body follows.
    Page(PageMeta),
    /// The pages of this key so far do not count.
    Forget {
        resource: ResourceName,
        walk: Key,
        page: Key,
    },
}

/// A page without its body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PageMeta {
    pub(super) resource: ResourceName,
    pub(super) walk: Key,
    pub(super) page: Key,
    status: u16,
    #[serde(default, skip_serializing_if = "Pass::is_take")]
    pass: Pass,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<Url>,
    headers: Vec<(String, String)>,
}

/// A digest of 128 bits, written in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) u128);

impl Key {
    /// Half of it, which is enough for an index whose finds are compared whole.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lower half is what is wanted"
    )]
    pub(super) fn short(self) -> u64 {
        self.0 as u64
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pass {
    #[default]
    Take,
    Accept,
    Skip,
    Stop,
    SkipParent,
}

impl Pass {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_take(&self) -> bool {
        *self == Self::Take
    }
}

impl PageMeta {
    pub(super) fn new(resource: ResourceName, walk: Key, page: PageKey, kept: &KeptPage) -> Self {
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
        let headers = kept.headers.iter();
        Self {
            resource,
            walk,
            page: Key(page.0),
            status: kept.status.as_u16(),
            pass: match kept.pass {
                KeptPass::Take => Pass::Take,
                KeptPass::Accept => Pass::Accept,
                KeptPass::Skip => Pass::Skip,
                KeptPass::Stop => Pass::Stop,
                KeptPass::SkipParent => Pass::SkipParent,
            },
            url: kept.url.clone(),
            headers: headers
                .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
                .collect(),
        }
    }

    /// The page again; `None` when it could not have been one.
    pub(super) fn into_page(self, body: Vec<u8>) -> Option<KeptPage> {
        let mut headers = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_str(value).ok()?);
        }
        let mut page = KeptPage::new(StatusCode::from_u16(self.status).ok()?, body);
        page.pass = match self.pass {
            Pass::Take => KeptPass::Take,
            Pass::Accept => KeptPass::Accept,
            Pass::Skip => KeptPass::Skip,
            Pass::Stop => KeptPass::Stop,
            Pass::SkipParent => KeptPass::SkipParent,
        };
        page.headers = headers;
        page.url = self.url;
        Some(page)
    }
}

/// A frame ready to be written: what stands before its body, and the body.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) front: Vec<u8>,
    pub(super) body: Bytes,
}

impl Frame {
    pub(super) fn new(meta: &Meta, body: Bytes) -> Self {
        let said = serde_json::to_vec(meta).unwrap_or_default();
        let mut front = Vec::with_capacity(FRONT + said.len());
        front.extend_from_slice(&MAGIC);
        front.extend_from_slice(&u32::try_from(said.len()).unwrap_or(u32::MAX).to_le_bytes());
        front.extend_from_slice(&(body.len() as u64).to_le_bytes());
        front.extend_from_slice(&xxh3_64(&body).to_le_bytes());
        front.extend_from_slice(&digest(&front, &said).to_le_bytes());
        front.extend_from_slice(&said);
        Self { front, body }
    }

    pub(super) fn len(&self) -> u64 {
        (self.front.len() + self.body.len()) as u64
    }
}

/// What stands before the body of a frame, read back.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) meta: Meta,
    /// Bytes before the body.
    pub(super) before_body: u64,
    pub(super) body: u64,
    digest: u64,
}

impl Front {
    /// Reads the front of a frame; `None` when there is no whole one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let Some(front) = read_exact(from, FRONT)? else {
            return Ok(None);
        };
        let (fixed, own_digest) = front.split_at(FRONT - 8);
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| fixed[at + byte]));
        let length = u32::from_le_bytes(std::array::from_fn(|byte| fixed[4 + byte])) as usize;
        if !fixed.starts_with(&MAGIC) || length > LONGEST {
            return Ok(None);
        }
        let Some(said) = read_exact(from, length)? else {
            return Ok(None);
        };
        if digest(fixed, &said).to_le_bytes() != own_digest {
            return Ok(None);
        }
        let meta = serde_json::from_slice(&said).ok();
        Ok(meta.map(|meta| Self {
            meta,
            before_body: (FRONT + length) as u64,
            body: number(8),
            digest: number(16),
        }))
    }

    /// Reads the body that follows; `None` when it is not what was written.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn read_body(&self, from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
        let length = usize::try_from(self.body).unwrap_or(usize::MAX);
        let body = read_exact(from, length)?;
        Ok(body.filter(|body| xxh3_64(body) == self.digest))
    }
}

fn digest(front: &[u8], said: &[u8]) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(front);
    hasher.update(said);
    hasher.digest()
}

/// Exactly `length` bytes, or `None` when there are fewer.
fn read_exact(from: &mut impl Read, length: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    Ok((bytes.len() == length).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &'static [u8]) -> (PageMeta, KeptPage) {
        let mut kept = KeptPage::new(StatusCode::OK, body);
        kept.pass = KeptPass::Skip;
        kept.url = Some("https://h/elsewhere?page=2".parse().unwrap());
        let link = HeaderValue::from_static("<https://h/x?page=3>; rel=\"next\"");
        kept.headers.insert("link", link);
        let meta = PageMeta::new("posts".into(), Key(u128::MAX), PageKey(7), &kept);
        (meta, kept)
    }

    #[test]
    fn a_page_is_read_back_as_it_was() {
        let (meta, kept) = page(b"[1, 2, 3]");
        let frame = Frame::new(&Meta::Page(meta.clone()), kept.body.clone());
        let bytes = [&frame.front[..], &frame.body].concat();
        assert_eq!(bytes.len() as u64, frame.len());
        let mut rest = &bytes[..];
        let front = Front::read(&mut rest).unwrap().unwrap();
        assert_eq!(front.meta, Meta::Page(meta.clone()));
        assert_eq!(front.before_body, frame.front.len() as u64);
        let body = front.read_body(&mut rest).unwrap().unwrap();
        assert_eq!(meta.into_page(body), Some(kept));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_frame_with_one_wrong_byte_anywhere_is_none() {
        let (meta, kept) = page(b"[1, 2, 3]");
        let frame = Frame::new(&Meta::Page(meta), kept.body);
        let whole = [&frame.front[..], &frame.body].concat();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x20;
            let mut rest = &bytes[..];
            let front = Front::read(&mut rest).unwrap();
            let body = front.and_then(|front| front.read_body(&mut rest).unwrap());
            assert_eq!(body, None, "byte {at}");
        }
    }

    #[test]
    fn a_frame_that_is_cut_anywhere_is_none() {
        let (meta, kept) = page(b"[1, 2, 3]");
        let frame = Frame::new(&Meta::Page(meta), kept.body);
        let whole = [&frame.front[..], &frame.body].concat();
        for end in 0..whole.len() {
            let mut rest = &whole[..end];
            let front = Front::read(&mut rest).unwrap();
            let body = front.and_then(|front| front.read_body(&mut rest).unwrap());
            assert_eq!(body, None, "cut at {end}");
        }
    }
}
