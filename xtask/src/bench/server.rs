use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::failure::{Context, Failure, Result};

/// The testkit's load server as a process of its own, so that its work counts for nobody. Ends with this value.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    base_url: String,
}

impl Server {
    /// Starts the program and waits until it has made its records and says where it listens.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not say so.
    pub(super) fn start(program: &Path, arguments: &[String]) -> Result<Self> {
        let cannot = || format!("cannot start the load server `{}`", program.display());
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context(cannot)?;
        let mut server = Self {
            child,
            base_url: String::new(),
        };
        let stdout = server.child.stdout.take();
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout)
                .read_line(&mut line)
                .context(cannot)?;
        }
        line.trim()
            .trim_end_matches('/')
            .clone_into(&mut server.base_url);
        if server.base_url.is_empty() {
            return Err(Failure::new(cannot()).because("it ended before it listened"));
        }
        Ok(server)
    }

    /// The address of one of its routes.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base_url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> Result<Server> {
        Server::start(Path::new("sh"), &["-c".to_owned(), script.to_owned()])
    }

    #[test]
    fn the_first_line_says_where_it_listens() {
        let server = start("echo http://127.0.0.1:1/; cat").unwrap();

        assert_eq!(server.url("page/issues"), "http://127.0.0.1:1/page/issues");
    }

    #[test]
    fn a_server_that_ends_at_once_is_a_failure() {
        let report = start("exit 1").unwrap_err().report();

        assert_eq!(
            report,
            "error: cannot start the load server `sh`\n  cause: it ended before it listened"
        );
    }
}
