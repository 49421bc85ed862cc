//! Spellings of addresses: foreign ones, some that look like home, and home itself in disguise.

use apiduct_testkit::leak::percent_encoded;

/// Where an address leads, seen from `https://api.example.com`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// To another origin.
    Away,
    /// To the origin itself.
    Home,
    /// To no server that could be asked.
    Nowhere,
}

/// An address as a server or a user writes it; `{percent}` and `{host}` stand for the canary.
#[derive(Debug)]
pub(super) struct Address {
    text: &'static str,
    pub(super) leads: Leads,
}

impl Address {
    pub(super) fn link(&self, canary: &str) -> String {
        let percent = percent_encoded(canary);
        let is_label = canary.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let host = if is_label { canary } else { "label" };
        let text = self.text.replace("{percent}", &percent);
        text.replace("{host}", host)
    }

    /// Whether it is a whole URL; a path otherwise belongs to the base URL.
    pub(super) fn is_absolute(&self) -> bool {
        let text = self.text.to_ascii_lowercase();
        text.starts_with("http://") || text.starts_with("https://")
    }

    /// Whether it can stand in a header.
    pub(super) fn is_header_text(&self) -> bool {
        self.text.chars().all(|letter| !letter.is_control())
    }

    pub(super) fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// Whether it is a whole URL that can be read.
    pub(super) fn is_url(&self) -> bool {
        url::Url::parse(&self.link("canary")).is_ok_and(|url| url.has_host())
    }

    pub(super) fn has_user_info(&self) -> bool {
        self.text.contains('@')
    }
}

const fn away(text: &'static str) -> Address {
    let leads = Leads::Away;
    Address { text, leads }
}

const fn home(text: &'static str) -> Address {
    let leads = Leads::Home;
    Address { text, leads }
}

const fn nowhere(text: &'static str) -> Address {
    let leads = Leads::Nowhere;
    Address { text, leads }
}

pub(super) static ADDRESSES: [Address; 62] = [
    // Other hosts, and what looks like ours.
    away("https://evil.test/x"),
    away("https://example.com/x"),
    away("https://sub.api.example.com/x"),
    away("https://xapi.example.com/x"),
    away("https://api-example.com/x"),
    away("https://api.example.com.evil.test/x"),
    away("https://api.example.com./x"),
    away("https://api.example.org/x"),
    away("https://evil.test/https://api.example.com/x"),
    away("https://evil.test?api.example.com/"),
    away("https://evil.test#@api.example.com/"),
    away("https://evil.test:443/x"),
    // Another scheme or port of our host.
    away("http://api.example.com/x"),
    away("http://api.example.com:443/x"),
    away("http://api.example.com:80/x"),
    away("HTTP://API.example.com/x"),
    away("https://api.example.com:8443/x"),
    away("https://api.example.com:80/x"),
    away("https://api.example.com:4430/x"),
    // User info that looks like our host.
    away("https://api.example.com@evil.test/x"),
    away("https://api.example.com:443@evil.test/x"),
    away("https://api.example.com%2Fx@evil.test/x"),
    away("https://api.example.com:pw%40@evil.test/x"),
    away("https://user:pw@evil.test/x"),
    away("https://@evil.test/x"),
    // Backslashes and missing schemes, as browsers read them.
    away(r"https://evil.test\@api.example.com/x"),
    away(r"https:\\evil.test\x"),
    away("//evil.test/x"),
    away(r"\\evil.test\x"),
    away(r"/\evil.test/x"),
    away(r"\/evil.test/x"),
    away("https:///evil.test/x"),
    away("http:/evil.test/x"),
    away("http:evil.test/x"),
    // Invisible characters.
    away("ht\ntps://evil.test/x"),
    away("https://ev\til.test/x"),
    away("\u{1}//evil.test/x"),
    // Letters of other alphabets, and addresses instead of names.
    away("https://\u{430}pi.example.com/x"),
    away("https://xn--pi-7kc.example.com/x"),
    away("https://api.ex\u{e4}mple.com/x"),
    away("https://127.0.0.1/x"),
    away("https://2130706433/x"),
    away("https://0x7f.1/x"),
    away("https://017700000001/x"),
    away("https://[::1]/x"),
    away("https://[::ffff:7f00:1]/x"),
    // The secret on the way out.
    away("https://evil.test/x?q={percent}&n=2"),
    away("https://evil.test/x?{percent}"),
    away("https://evil.test/{percent}/x"),
    away("https://{host}.evil.test/x"),
    away("https://{percent}:pw@evil.test/x#{percent}"),
    // Home, in other words.
    home("https://api.example.com/v1/x"),
    home("HTTPS://API.Example.COM/v1/x"),
    home("https://api.example.com:443/v1/x"),
    home("https://api.example.com:0443/v1/x"),
    home("https://user:pw@api.example.com/v1/x"),
    home("https://api%2Eexample.com/v1/x"),
    home("https://api\u{3002}example.com/v1/x"),
    // No server at all.
    nowhere("///evil.test/x"),
    nowhere("javascript:alert(1)"),
    nowhere("file:///etc/passwd"),
    nowhere("https://api.example.com%00.evil.test/x"),
];
