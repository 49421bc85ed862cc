use std::io::{self, Write};
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::{Context, Failure, Result};

/// Tells the reader, on stderr, what happens next.
pub(crate) fn say(text: &str) {
    // A closed stderr must not stop the work.
    let _ = writeln!(io::stderr(), "xtask: {text}");
}

/// Runs a program with this one's input and output and waits for its success.
///
/// # Errors
///
/// When it cannot be started or ends with anything but 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(&words(command));
    let status = command
        .status()
        .context(|| format!("cannot start `{}`", program(command)))?;
    succeed(command, status)
}

/// Runs a program and returns what it printed on stdout.
///
/// # Errors
///
/// When it cannot be started, ends with anything but 0, or prints something that is not UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(|| format!("cannot start `{}`", program(command)))?;
    succeed(command, output.status)?;
    String::from_utf8(output.stdout)
        .context(|| format!("cannot read what `{}` printed", program(command)))
}

/// Whether a program is there and says so with exit code 0.
pub(crate) fn answers(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn succeed(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "`{}` failed: {status}",
        words(command)
    )))
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The command as a person would type it.
fn words(command: &Command) -> String {
    let mut text = program(command);
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// A value in single quotes, safe to paste into a POSIX shell.
pub(crate) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_named_with_its_arguments() {
        let failure = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();

        assert_eq!(failure.to_string(), "`sh -c exit 3` failed: exit status: 3");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = output(&mut Command::new("apiduct-no-such-program")).unwrap_err();

        assert_eq!(
            failure.to_string(),
            "cannot start `apiduct-no-such-program`"
        );
        assert!(!answers(&mut Command::new("apiduct-no-such-program")));
    }

    #[test]
    fn output_is_what_was_printed() {
        assert_eq!(output(Command::new("echo").arg("a b")).unwrap(), "a b\n");
    }

    #[test]
    fn quotes_survive_a_shell() {
        let odd = "it's $HOME \"here\"";
        let echoed = output(Command::new("sh").args(["-c", &format!("printf %s {}", quoted(odd))]));

        assert_eq!(echoed.unwrap(), odd);
    }
}
