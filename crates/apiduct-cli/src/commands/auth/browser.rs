//! Opening the browser of this machine.

use std::process::{Command, Stdio};

use crate::printer::Printer;

/// Opens `url`, and says so when that is not possible. It does not wait for the browser.
pub(super) fn open(url: &str, printer: &Printer) {
    let cannot = "no browser could be opened; open the page yourself";
    let Some(mut command) = command(url) else {
        return printer.warning(cannot);
    };
    let printer = printer.clone();
    tokio::task::spawn_blocking(move || {
        let is_open = command.status().is_ok_and(|status| status.success());
        if !is_open {
            printer.warning(cannot);
        }
    });
}

/// The system's way to open a page; `None` for what is none, because programs would take it for a file or an option.
fn command(url: &str) -> Option<Command> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return None;
    }
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_opened() {
        assert!(command("https://login.example.com/?a=b").is_some());
        for other in ["file:///etc/passwd", "--help", "javascript:0", ""] {
            assert!(command(other).is_none(), "{other}");
        }
    }
}
