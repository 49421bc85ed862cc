//! Credentials by their looks.

/// How keys and tokens of widespread APIs begin.
const TOKEN_STARTS: [&str; 21] = [
    "AIza",
    "AKIA",
    "ASIA",
    "SG.",
    "dop_v1_",
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "hf_",
    "pat-na1-",
    "rk_live_",
    "shpat_",
    "sk_live_",
    "sk-",
    "xoxb-",
    "xoxp-",
    "ya29.",
];

/// The shortest text that is taken for a key or token.
const TOKEN_LENGTH: usize = 20;

/// Whether a part of `text` looks like a key or token.
pub(crate) fn looks_like_a_token(text: &str) -> bool {
    let is_token = |word: &str| {
        let starts = TOKEN_STARTS.iter().any(|start| word.starts_with(start));
        starts
            && word.len() >= TOKEN_LENGTH
            && word.contains(|letter: char| letter.is_ascii_digit())
    };
    text.contains("PRIVATE KEY-----") || text.split([' ', ',', ';', '"']).any(is_token)
}
