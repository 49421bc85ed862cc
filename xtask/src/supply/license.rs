/// The licenses that `deny.toml` allows: the strings of its list `allow` under `[licenses]`.
pub(super) fn allowed(deny: &str) -> Vec<String> {
    deny.split_once("[licenses]")
        .and_then(|(_, section)| section.split_once("allow = ["))
        .and_then(|(_, list)| list.split_once(']'))
        .map(|(list, _)| {
            list.split('"')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default()
}

/// Whether an SPDX expression can be met with the allowed licenses alone. Understands `AND`, `OR`, `WITH`, parentheses
/// and the old `/`, which means `OR`. What it does not understand is not met.
pub(super) fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = Words {
        rest: spaced.split_whitespace().collect(),
        allowed,
    };
    words.any() == Some(true) && words.rest.is_empty()
}

struct Words<'a> {
    rest: Vec<&'a str>,
    allowed: &'a [String],
}

impl Words<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.take("OR") {
            met |= self.all()?;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.any()?;
            return self.take(")").then_some(met);
        }
        let name = self
            .next()
            .filter(|word| !matches!(*word, ")" | "AND" | "OR" | "WITH"))?
            .to_owned();
        if self.take("WITH") {
            // An exception only adds permissions.
            self.next()?;
        }
        Some(self.allowed.contains(&name))
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.rest.first() == Some(&word);
        if is_next {
            self.rest.remove(0);
        }
        is_next
    }

    fn next(&mut self) -> Option<&str> {
        (!self.rest.is_empty()).then(|| self.rest.remove(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(expression: &str) -> bool {
        is_met(
            expression,
            &["MIT".to_owned(), "ISC".to_owned(), "Apache-2.0".to_owned()],
        )
    }

    #[test]
    fn one_of_several_licenses_is_enough() {
        assert!(met("GPL-3.0 OR MIT"));
        assert!(met("Unlicense/MIT"));
        assert!(met("GPL-3.0 OR (MIT AND ISC)"));
        assert!(!met("GPL-3.0 OR LGPL-3.0"));
    }

    #[test]
    fn all_of_several_licenses_are_needed() {
        assert!(met("MIT AND ISC"));
        assert!(met("ISC AND (Apache-2.0 OR OpenSSL) AND MIT"));
        assert!(!met("MIT AND OpenSSL"));
        assert!(!met("(MIT OR ISC) AND GPL-3.0"));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert!(met("MIT OR GPL-3.0 AND OpenSSL"));
        assert!(!met("GPL-3.0 AND MIT OR OpenSSL"));
    }

    #[test]
    fn an_exception_adds_permissions() {
        assert!(met("Apache-2.0 WITH LLVM-exception"));
        assert!(!met("GPL-2.0 WITH Classpath-exception-2.0"));
    }

    #[test]
    fn what_is_not_an_expression_is_not_met() {
        for odd in [
            "", "MIT ISC", "(MIT", "MIT)", "OR MIT", "MIT AND", "MIT WITH",
        ] {
            assert!(!met(odd), "{odd}");
        }
    }

    #[test]
    fn the_list_is_that_of_its_section() {
        let deny =
            "[bans]\nallow = [\"x\"]\n[licenses]\nallow = [\n  \"MIT\", # a\n  \"ISC\",\n]\n";

        assert_eq!(allowed(deny), ["MIT", "ISC"]);
        assert!(allowed("").is_empty());
    }
}
