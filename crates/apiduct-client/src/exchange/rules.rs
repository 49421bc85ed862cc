//! Response rules at work.

use std::time::Duration;

use super::{BY_HOOK, Call, Exchanger, Pass, Progress};
use crate::Response;
use crate::auth::OnRejected;
use crate::error::{Error, RefusedError};
use crate::response::RetryStop;
use crate::retry::Outcome;
use crate::rules::{Judgement, ResponseRule, RuleAction};

/// What the rules of a call have to say about a response.
pub(super) enum Obeyed {
    /// Nothing.
    Silent,
    /// Try again after the wait.
    Again(Duration),
    /// It is treated like this, because of a rule.
    Pass(Pass, String),
}

impl Call {
    /// Why an answer that was kept had been left out, as far as that can be told from what was kept of it.
    pub(crate) fn why_left_out(&self, response: &Response) -> String {
        match self.rules.as_deref().map(|rules| rules.judge(response)) {
            Some(Judgement::Rule(rule)) => response.redactor.redact(&rule.to_string()).into_owned(),
            _ => BY_HOOK.to_owned(),
        }
    }
}

impl Exchanger {
    /// Asks the rules of `call` and does what they say.
    pub(super) fn obey(
        &self,
        call: &Call,
        progress: &mut Progress,
        response: &mut Response,
    ) -> Result<Obeyed, Error> {
        let Some(rules) = &call.rules else {
            return Ok(Obeyed::Silent);
        };
        let rule = match rules.judge(response) {
            Judgement::Silent => return Ok(Obeyed::Silent),
            Judgement::Unexpected(problem) => return Err(self.refused(response, &problem)),
            Judgement::Rule(rule) => rule,
        };
        let why = self.redactor.redact(&rule.to_string()).into_owned();
        tracing::debug!(url = %response.shown_url(), rule = %why, "response rule");
        Ok(match &rule.then {
            RuleAction::Accept => Obeyed::Pass(Pass::Accept, why),
            RuleAction::SkipPage => Obeyed::Pass(Pass::Skip, why),
            RuleAction::Stop => Obeyed::Pass(Pass::Stop, why),
            RuleAction::SkipParent => Obeyed::Pass(Pass::SkipParent, why),
            RuleAction::Retry { after } => {
                Obeyed::Again(self.wait_by_rule(call, progress, response, (rule, *after))?)
            }
            RuleAction::RefreshAuth => {
                self.renew(call, progress, response, rule)?;
                Obeyed::Again(Duration::ZERO)
            }
            RuleAction::Fail { message } => {
                let reason = match message {
                    Some(message) => message.clone(),
                    None => format!("`response_actions` has `fail` for {}", rule.when),
                };
                return Err(self.refused(response, &reason));
            }
        })
    }

    fn wait_by_rule(
        &self,
        call: &Call,
        progress: &Progress,
        response: &mut Response,
        (rule, after): (&ResponseRule, Option<Duration>),
    ) -> Result<Duration, Error> {
        let reason = rule.to_string();
        let outcome = Outcome::Rule(&reason, after);
        let stop = match self.wait_after(call, progress, outcome) {
            Ok(Some(wait)) => return Ok(wait),
            Ok(None) => RetryStop::Exhausted,
            Err(stop) => stop,
        };
        response.retry_stop = Some(stop);
        if response.status.as_u16() >= 400 {
            return Err(response.status_error());
        }
        Err(Error::Unready {
            method: response.method.clone(),
            url: response.shown_url(),
            attempts: progress.attempts,
            reason: self.redactor.redact(&reason).into_owned(),
            retry_stop: Some(stop),
        })
    }

    /// Lets the credentials be renewed for another try.
    fn renew(
        &self,
        call: &Call,
        progress: &mut Progress,
        response: &Response,
        rule: &ResponseRule,
    ) -> Result<(), Error> {
        if progress.renewed {
            let problem = format!(
                "the credentials were renewed, and the answer is the same ({})",
                rule.when
            );
            return Err(self.refused(response, &problem));
        }
        let rejected = progress
            .sent
            .as_ref()
            .map(|sent| call.auth.rejected(sent, response));
        if rejected != Some(OnRejected::RetryOnce) {
            let problem = format!(
                "there are no credentials that can be renewed ({})",
                rule.when
            );
            return Err(self.refused(response, &problem));
        }
        progress.renewed = true;
        Ok(())
    }

    fn refused(&self, response: &Response, reason: &str) -> Error {
        Error::Refused(Box::new(RefusedError {
            method: response.method.clone(),
            url: response.shown_url(),
            status: response.status,
            reason: self.redactor.redact(reason).into_owned(),
            excerpt: response.excerpt(),
        }))
    }
}
