//! Names that may only stand for public addresses.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::network::is_public;

/// Looks names up by another resolver, and gives no answer when one of the addresses is not public.
///
/// The connection is made to the very addresses that were looked at: a name that changes its address in between (DNS
/// rebinding) gains nothing.
#[derive(Clone)]
pub(super) struct PublicOnly {
    pub(super) inner: Arc<dyn Resolve>,
}

/// A host name stands for an address that is not public.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the name stands for {address}, which is not public")]
pub(super) struct NotPublic {
    pub(super) address: IpAddr,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.inner.resolve(name);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = found.await?.collect();
            let inside = addresses.iter().find(|address| !is_public(address.ip()));
            if let Some(inside) = inside {
                let address = inside.ip();
                return Err(NotPublic { address }.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

impl fmt::Debug for PublicOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicOnly")
    }
}

/// The resolver of the system.
#[derive(Debug, Clone, Copy)]
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is filled in where the connection is made.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;

    /// One answer after another.
    struct Fake(Mutex<VecDeque<Vec<&'static str>>>);

    impl Fake {
        fn public_only(answers: &[&[&'static str]]) -> PublicOnly {
            let answers = answers.iter().map(|answer| answer.to_vec()).collect();
            let inner = Arc::new(Self(Mutex::new(answers)));
            PublicOnly { inner }
        }
    }

    impl Resolve for Fake {
        fn resolve(&self, _: Name) -> Resolving {
            let answer = self.0.lock().unwrap().pop_front().unwrap();
            let addresses: Vec<SocketAddr> = answer
                .iter()
                .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
                .collect();
            Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
        }
    }

    async fn ask(resolver: &PublicOnly) -> Result<Vec<String>, String> {
        match resolver.resolve("h.test".parse().unwrap()).await {
            Ok(found) => Ok(found.map(|address| address.ip().to_string()).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[tokio::test]
    async fn public_addresses_are_handed_on() {
        let resolver = Fake::public_only(&[&["1.1.1.1", "2606:2800::1"]]);
        assert_eq!(ask(&resolver).await.unwrap(), ["1.1.1.1", "2606:2800::1"]);
    }

    #[tokio::test]
    async fn one_address_inside_spoils_the_answer() {
        let resolver = Fake::public_only(&[&["1.1.1.1", "10.0.0.7"], &["::ffff:127.0.0.1"]]);
        assert_eq!(
            ask(&resolver).await.unwrap_err(),
            "the name stands for 10.0.0.7, which is not public"
        );
        assert!(ask(&resolver).await.is_err());
    }

    #[tokio::test]
    async fn a_name_that_moves_inside_is_refused_from_then_on() {
        let resolver = Fake::public_only(&[&["1.1.1.1"], &["169.254.169.254"]]);
        assert!(ask(&resolver).await.is_ok());
        assert!(ask(&resolver).await.is_err());
    }

    #[tokio::test]
    async fn the_system_knows_the_own_machine() {
        let resolver = PublicOnly {
            inner: Arc::new(System),
        };
        let error = ask(&resolver.clone()).await;
        assert!(error.is_err(), "h.test is no name");
        let own = resolver.resolve("localhost".parse().unwrap()).await;
        assert!(own.is_err_and(|error| error.is::<NotPublic>()));
    }
}
