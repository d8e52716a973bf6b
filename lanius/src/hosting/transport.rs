//! Git's smart HTTP over the same client as the API's calls.

use std::io::Read;

use menagerie_git_fetch::{Transport, TransportError};
use ureq::Body;
use ureq::http::Response;

use super::Error;
use super::endpoint::followed;
use super::web::{Web, success, text};

const ADVERTISEMENT: &str = "application/x-git-upload-pack-advertisement";
const REQUEST: &str = "application/x-git-upload-pack-request";
const RESULT: &str = "application/x-git-upload-pack-result";
const DISCOVERY: &str = "/info/refs?service=git-upload-pack";

/// A repository on a host.
pub(super) struct GitHttp<'a> {
    web: &'a Web,
    /// Without a slash at its end; where a redirect of the first call led.
    url: String,
}

impl<'a> GitHttp<'a> {
    pub(super) fn new(web: &'a Web, url: String) -> Self {
        Self { web, url }
    }

    fn get(&self, url: &str) -> Result<Response<Body>, Error> {
        let (agent, authorization) = self.web.git();
        self.web.answer(|| {
            let mut request = agent.get(url).header("git-protocol", "version=2").header("accept-encoding", "identity");
            if let Some(header) = authorization {
                request = request.header("authorization", header);
            }
            request.call()
        })
    }
}

fn failed(error: Error) -> TransportError {
    match error {
        Error::Missing => TransportError::Missing,
        Error::Refused { .. } => TransportError::Refused,
        other => TransportError::Failed(other.to_string()),
    }
}

/// The body of an answer of that type.
fn body(answer: Response<Body>, kind: &str) -> Result<Box<dyn Read + 'static>, TransportError> {
    success(answer.status().as_u16()).map_err(failed)?;
    if text(answer.headers(), "content-type") != Some(kind) {
        return Err(TransportError::Failed("the answer is not one of git's".to_owned()));
    }
    Ok(Box::new(answer.into_body().into_with_config().limit(u64::MAX).reader()))
}

impl Transport for GitHttp<'_> {
    fn advertisement(&mut self) -> Result<Box<dyn Read + '_>, TransportError> {
        let first = format!("{}{DISCOVERY}", self.url);
        let mut answer = self.get(&first).map_err(failed)?;
        if answer.status().is_redirection() {
            // A repository that was renamed. As git does, the rest is asked there too.
            let to = followed(&first, text(answer.headers(), "location").unwrap_or_default()).map_err(failed)?;
            let base = to.strip_suffix(DISCOVERY).ok_or_else(|| failed(Error::Elsewhere))?;
            self.url = base.to_owned();
            answer = self.get(&to).map_err(failed)?;
        }
        body(answer, ADVERTISEMENT)
    }

    fn upload_pack(&mut self, request: &[u8]) -> Result<Box<dyn Read + '_>, TransportError> {
        let (agent, authorization) = self.web.git();
        let url = format!("{}/git-upload-pack", self.url);
        let answer = self.web.answer(|| {
            let mut call = agent.post(&url).header("git-protocol", "version=2").header("accept-encoding", "identity");
            call = call.header("content-type", REQUEST).header("accept", RESULT);
            if let Some(header) = authorization {
                call = call.header("authorization", header);
            }
            call.send(request)
        });
        body(answer.map_err(failed)?, RESULT)
    }
}
