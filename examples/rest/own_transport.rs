//! A transport of one's own between the client and the network: here one that counts, around the built-in one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use apiduct::transport::{PreparedRequest, RawResponse, ReqwestTransport, Transport, TransportError};
use apiduct::{Client, Limits};
use apiduct_testkit::MockApi;
use async_trait::async_trait;

use crate::support::{Outcome, posts};

#[derive(Debug)]
struct Counting {
    inner: ReqwestTransport,
    sent: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Counting {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.inner.send(request, limits).await
    }
}

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let sent = Arc::new(AtomicUsize::new(0));
    let transport = Counting {
        inner: ReqwestTransport::builder().no_proxies().build()?,
        sent: Arc::clone(&sent),
    };
    let client = Client::builder(api.base_url()).transport(transport).build()?;

    let mut pages = client.paginate("/posts").send();
    while pages.next().await?.is_some() {}

    assert_eq!(sent.load(Ordering::Relaxed), 2);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().collection("posts", posts()).start()
}
