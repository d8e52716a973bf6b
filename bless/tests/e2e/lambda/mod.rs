//! `bless-lambda` behind Lambda's Invoke API and Runtime API, with `bless.toml` in its package.

mod client;
mod log;
mod runtime;
mod setup;

use menagerie_tests::{Function, LambdaService};
use serde_json::Value;

use crate::authority::{Authority, PASSPHRASE};
use crate::events::{fresh_key, unused_name, user_event};

/// A CA whose `bless.toml` is in a function's package, and which answers whoever may invoke.
pub(crate) struct Package {
    pub(crate) authority: Authority,
    pub(crate) name: String,
}

impl Package {
    pub(crate) fn new(label: &str) -> Self {
        let authority = Authority::new(label);
        authority.change("[authentication]\nrequired = true", "[authentication]\nrequired = false");
        let name = authority.namespace.name("fn");
        Self { authority, name }
    }

    /// The function, which writes its log into the package's folder.
    pub(crate) fn function(&self) -> Function {
        self.function_without_log().variable("BLESS_LOG", "file:log.jsonl")
    }

    pub(crate) fn function_without_log(&self) -> Function {
        Function::new(&self.name, env!("CARGO_BIN_EXE_bless-lambda"))
            .task_root(self.authority.namespace.file("ca"))
            .variable("BLESS_CONFIG", "bless.toml")
            .variable("BLESS_CA_PASSPHRASE", PASSPHRASE)
    }

    pub(crate) fn event(&self) -> Value {
        user_event(&fresh_key(&self.authority.namespace, &unused_name()))
    }

    /// An answer that the function gave without trouble.
    pub(crate) fn answer(&self, lambda: &LambdaService, event: &Value) -> Value {
        let invocation = lambda.invoke(&self.name, event.to_string());
        assert_eq!(invocation.trouble, None, "{}", lambda.output(&self.name));
        invocation.json()
    }

    /// The serial of the certificate that the function gives.
    pub(crate) fn issued(&self, lambda: &LambdaService, event: &Value) -> u64 {
        let answer = self.answer(lambda, event);
        serial(answer["certificate"].as_str().unwrap_or_else(|| panic!("{answer}; {}", lambda.output(&self.name))))
    }
}

/// The serial of a certificate's line, as the crate `ssh-key` reads it.
pub(crate) fn serial(line: &str) -> u64 {
    ssh_key::Certificate::from_openssh(line).unwrap_or_else(|error| panic!("{error}: {line}")).serial()
}
