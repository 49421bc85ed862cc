//! What a person has to log in to before a pipeline can run.

use std::sync::Arc;

use apiduct_client::auth::TokenContext;
use apiduct_config::resolve::Login;

use crate::error::RunError;
use crate::pipeline::Pipeline;
use crate::setup::transport;
use crate::wanted::Wanted;

/// The logins of a pipeline.
#[derive(Debug)]
#[non_exhaustive]
pub struct Logins {
    /// What to log in to, in the order of the file; empty when nobody has to.
    pub logins: Vec<Login>,
    /// What their requests for tokens may use: the transport and the limits of the runs.
    pub context: TokenContext,
}

impl Pipeline {
    /// The logins that the selected resources need, and their parents. No request is sent.
    ///
    /// # Errors
    /// [`RunError`]: a mistake in the file, a secret without a value, a resource that is not there, or no transport.
    pub fn logins(&self) -> Result<Logins, RunError> {
        let secrets = self.secrets.as_ref();
        let mut runtime = self.plan.runtime.clone();
        runtime.overlay(secrets)?;
        let wanted = Wanted::new(&self.plan, &self.options)?;
        let resolved = self
            .plan
            .resolve_in(secrets, &self.redactor, &self.working_dir)?;
        let transport = transport(self, &runtime, &resolved)?;
        let timer = Arc::clone(&self.timer);
        let mut context = TokenContext::new(transport, timer, self.redactor.clone());
        context.limits = runtime.limits();
        let is_needed = |login: &Login| {
            let mut fetched = wanted.fetched.iter().map(|at| &self.plan.resources[*at]);
            fetched.any(|resource| {
                let needed = resolved.logins_for(resource);
                needed.iter().any(|one| std::ptr::eq(*one, login))
            })
        };
        let logins = resolved.logins.iter().filter(|login| is_needed(login));
        Ok(Logins {
            logins: logins.cloned().collect(),
            context,
        })
    }
}
