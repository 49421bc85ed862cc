//! The network as an auth scheme gets it: its requests for tokens count against the rate budgets too.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::auth::CredentialId;
use crate::rate::RateBudgets;
use crate::transport::{Limits, PreparedRequest, RawResponse, Transport, TransportError};

/// A transport that passes the budget of the origin before each request. The request that needs the token has its
/// place in flight already, so there is no second one to wait for.
#[derive(Debug)]
pub(crate) struct Gated {
    pub(crate) inner: Arc<dyn Transport>,
    pub(crate) rate: RateBudgets,
    pub(crate) max_wait: Duration,
}

#[async_trait]
impl Transport for Gated {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let budget = self.rate.budget(&request.url, CredentialId::NONE);
        let permit = budget.enter_ahead(self.max_wait).await?;
        let sent = self.inner.send_login(request, limits).await;
        permit.settle(sent.as_ref());
        sent
    }
}
