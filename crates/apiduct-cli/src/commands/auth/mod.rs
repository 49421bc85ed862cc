//! `apiduct auth`: lets a person log in, once; the tokens are kept for the runs.

mod browser;
mod loopback;

use apiduct::auth::{
    AuthorizationCode, DeviceCode, Granted, LoginRandom, TokenContext, TokenError, keep_tokens,
};
use apiduct::config::resolve::{Login, LoginFlow};
use apiduct::model::redact_url;
use apiduct::pipeline::{Logins, Pipeline, RunOptions};
use clap::Args;
use serde_json::{Value, json};
use url::Url;

use crate::cli::{SourceArgs, WorkingDirArgs};
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::report::Failure;
use crate::source::Source;
use loopback::Loopback;

/// Log in with a browser where the file asks for it; runs use and renew the tokens.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct auth tracker.yaml                    Prints the page to log in at, and waits
  apiduct auth tracker.yaml --open             Opens it, too
  apiduct auth tracker.yaml --select issues    Only what this resource needs")]
pub(crate) struct AuthArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Log in for this resource and its parents only; may be given several times.
    #[arg(long, value_name = "RESOURCE")]
    select: Vec<String>,
    /// Open the page in the browser of this machine.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    working_dir: WorkingDirArgs,
}

/// Lets a person log in to one thing after the other, and keeps the tokens.
///
/// # Errors
///
/// When there is nothing to log in to, and whatever ends a login early. What earlier logins brought is kept.
pub(crate) async fn execute(args: &AuthArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let source = Source::read(&args.source.file, printer)?;
    let file = source.plan.file().to_owned();
    let pipeline = Pipeline::builder(source.plan, source.secrets)
        .redactor(printer.redactor().clone())
        .working_dir(&args.working_dir.working_dir)
        .options(RunOptions {
            select: args.select.clone(),
            ..RunOptions::default()
        })
        .build();
    let Logins {
        logins, context, ..
    } = pipeline.logins()?;
    if logins.is_empty() {
        return Err(Failure::usage(
            format!("nothing in `{file}` that is asked for needs a login"),
            Some(
                "logins are for `auth` of type `oauth2_authorization_code` or `oauth2_device_code`",
            ),
        ));
    }
    let desk = Desk {
        context,
        printer,
        opens: args.open,
    };
    let interrupt = Interrupt::listen(printer);
    let mut documents = Vec::new();
    for login in &logins {
        let granted = interrupt.unless(desk.log_in(login)).await?;
        let granted = granted
            .map_err(|failure| failure.within(format!("cannot log in for `{}`", login.key)))?;
        documents.push(desk.tell(login, &granted)?);
    }
    if printer.is_json() {
        let document = json!({ "file": file, "logins": documents });
        printer
            .json(&document)
            .map_err(|error| Failure::output(&error))?;
    }
    printer.message(&format!("next: apiduct run {file}"));
    Ok(ExitCode::Complete)
}

/// Where people log in.
struct Desk<'p> {
    context: TokenContext,
    printer: &'p Printer,
    opens: bool,
}

impl Desk<'_> {
    async fn log_in(&self, login: &Login) -> Result<Granted, Failure> {
        let granted = match &login.flow {
            LoginFlow::AuthorizationCode { flow, redirect_uri } => {
                self.in_browser(login, flow, redirect_uri).await?
            }
            LoginFlow::DeviceCode(flow) => self.by_code(login, flow).await?,
            _ => {
                return Err(Failure::usage("this version cannot log in like that", None));
            }
        };
        keep_tokens(&granted, &login.store, &self.context)
            .await
            .map_err(|error| failed(&error))?;
        Ok(granted)
    }

    /// With a browser on this machine, which comes back here (RFC 8252).
    async fn in_browser(
        &self,
        login: &Login,
        flow: &AuthorizationCode,
        redirect_uri: &Url,
    ) -> Result<Granted, Failure> {
        let loopback = Loopback::bind(redirect_uri).await.map_err(|error| {
            let shown = redact_url(redirect_uri);
            let hint = "give `redirect_uri` another port, or none for a free one";
            Failure::usage(format!("cannot listen on `{shown}`"), Some(hint)).because(&error)
        })?;
        let random = LoginRandom::from_system().map_err(|error| failed(&error))?;
        let pending = flow
            .begin(loopback.redirect_uri().as_str(), random)
            .map_err(|error| failed(&error))?;
        self.printer.stderr(&format!(
            "{}: open this page and log in:\n\n  {}\n",
            login.key,
            pending.url()
        ));
        self.printer.message(&format!(
            "waiting for the browser to come back to {}",
            loopback.redirect_uri()
        ));
        if self.opens {
            browser::open(pending.url().as_str(), self.printer);
        }
        let code = loopback.wait(pending.clone(), &self.context.timer).await?;
        let finished = flow.finish(&pending, &code, &self.context).await;
        finished.map_err(|error| failed(&error))
    }

    /// With a browser on any machine, and a code that is typed in there (RFC 8628).
    async fn by_code(&self, login: &Login, flow: &DeviceCode) -> Result<Granted, Failure> {
        let waiting = flow
            .begin(&self.context)
            .await
            .map_err(|error| failed(&error))?;
        let page = plain(&waiting.verification_uri);
        let code = plain(&waiting.user_code);
        let mut lines = format!(
            "{}: open this page and enter the code {code}:\n\n  {page}\n",
            login.key
        );
        let whole = waiting.verification_uri_complete.as_deref().map(plain);
        if let Some(whole) = &whole {
            lines = format!("{lines}\nor this one, which has the code in it:\n\n  {whole}\n");
        }
        self.printer.stderr(&lines);
        self.printer.message("waiting for the login");
        if self.opens {
            browser::open(&whole.unwrap_or(page), self.printer);
        }
        let finished = flow.finish(&waiting, &self.context).await;
        finished.map_err(|error| failed(&error))
    }

    /// Says that it worked; the same for programs.
    fn tell(&self, login: &Login, granted: &Granted) -> Result<Value, Failure> {
        let kept = login.store.path().display().to_string();
        let lasts = granted.access.life.map(|life| life.lasts.as_secs());
        let key = &login.key;
        if !self.printer.is_json() && !self.printer.is_quiet() {
            let line = format!("{key}: logged in; the tokens are kept in `{kept}`\n");
            self.printer
                .text(&line)
                .map_err(|error| Failure::output(&error))?;
        }
        if granted.refresh.is_none() {
            let end = lasts.map_or_else(
                || "until it is rejected".to_owned(),
                |lasts| format!("for {lasts} s"),
            );
            self.printer.warning(&format!(
                "the server gave no refresh token: the login of `{key}` is good {end}"
            ));
            self.printer.message(
                "hint: some servers give one for a scope such as `offline_access`, or for `authorization_params`",
            );
        }
        Ok(json!({
            "key": key,
            "kept_in": kept,
            "expires_in": lasts,
            "is_renewable": granted.refresh.is_some(),
        }))
    }
}

/// A login that a token endpoint, a setting or the disk has ended.
fn failed(error: &TokenError) -> Failure {
    let code = match error {
        TokenError::Setting { .. } | TokenError::Insecure { .. } => ExitCode::Usage,
        TokenError::Store { .. } => ExitCode::Destination,
        _ => ExitCode::Source,
    };
    Failure::new(code, error)
}

/// A text of the server, without anything that a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_server_moves_no_cursor() {
        assert_eq!(plain("AB\u{1b}[2J-CD\r\n"), "AB[2J-CD");
    }

    #[test]
    fn who_has_to_act_decides_the_exit_code() {
        let problem = "x".to_owned();
        let field = "authorization_url";
        let setting = TokenError::Setting { field, problem };
        assert_eq!(failed(&setting).code(), ExitCode::Usage);
        let url = "http://h".to_owned();
        assert_eq!(
            failed(&TokenError::Insecure { url }).code(),
            ExitCode::Usage
        );
        let place = "x".to_owned();
        let other = TokenError::LoginNeeded { place, how: None };
        assert_eq!(failed(&other).code(), ExitCode::Source);
    }
}
