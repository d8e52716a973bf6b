//! What the tests stand on: an account of their own in moto, a proxy before it that counts what is written, and a state that knows the
//! account's principals and their use.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::{AccountId, Arn};
use menagerie_policy::document::Policy;
use menagerie_policy::evaluate::{Attached, Outcome, Policies, Principal, Request as Asked, evaluate};
use menagerie_tests::http::{Request, Response, Server, call};
use menagerie_tests::process::{Finished, Running, command, free_port, run_within};
use menagerie_tests::{Moto, Namespace, assert_eventually};
use repokid::state::{AdvisorRow, Change, Footing, LastAccess, NewVersion, Role, State};

/// The names of IAM's operations that write begin so.
const WRITES: [&str; 9] = ["Put", "Delete", "Create", "Set", "Attach", "Detach", "Update", "Add", "Remove"];

const TRUST: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// What grants more than is used, laid out as nobody's printer would.
pub(crate) const WIDE: &str = "{ \"Version\":\"2012-10-17\",\n\t\"Statement\" : [ {\"Sid\":\"Both\",\"Effect\":\"Allow\",\n  \"Action\":[\"s3:GetObject\", \"sqs:SendMessage\",\n \"sqs:ListQueues\"],\"Resource\":\"*\"} ]}  ";
/// What grants nothing that is used.
pub(crate) const UNUSED: &str =
    "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sns:*\", \"Resource\": \"*\"}}\n";

/// The roles that were to be assumed, each with the session's name.
type Assumed = Arc<Mutex<Vec<(String, String)>>>;

/// When the process is to be killed.
struct Trap {
    /// At which write, from 1.
    at: usize,
    /// Whether moto has done it then.
    done: bool,
    caught: mpsc::Sender<()>,
}

impl Trap {
    /// No answer comes before the process is dead.
    fn spring(&self) -> Option<Response> {
        let _ = self.caught.send(());
        std::thread::sleep(Duration::from_secs(2));
        None
    }
}

#[derive(Default)]
struct Gate {
    writes: AtomicUsize,
    operations: Mutex<Vec<String>>,
    trap: Mutex<Option<Trap>>,
    /// Writes that are refused, by how their names begin.
    refused: Mutex<Option<&'static str>>,
    /// What somebody else does just before an operation.
    meddling: Mutex<Option<(&'static str, Request)>>,
}

pub(crate) struct World {
    moto: SocketAddr,
    _own_moto: Option<Running>,
    pub(crate) account: AccountId,
    pub(crate) namespace: Namespace,
    gate: Arc<Gate>,
    proxy: Server,
    config: PathBuf,
    runtime: tokio::runtime::Runtime,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn operation(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default().to_owned()
}

/// The request without what belongs to its connection.
fn forwarded(request: &Request) -> Request {
    let headers = request.headers.iter().filter(|(name, _)| {
        !["host", "content-length", "connection", "transfer-encoding", "expect"].contains(&name.to_ascii_lowercase().as_str())
    });
    let mut forward = Request::new(&request.method, &request.target, request.body.clone());
    forward.headers = headers.cloned().collect();
    forward
}

fn through(gate: &Gate, moto: SocketAddr, account: &str, request: &Request) -> Option<Response> {
    let operation = operation(request);
    if let Some((_, theirs)) = lock(&gate.meddling).take_if(|(before, _)| *before == operation) {
        call(moto, &theirs).ok()?;
    }
    let is_write = WRITES.iter().any(|write| operation.starts_with(write));
    let mut trap = None;
    if is_write {
        lock(&gate.operations).push(operation.clone());
        let number = gate.writes.fetch_add(1, Ordering::SeqCst) + 1;
        trap = lock(&gate.trap).take_if(|trap| trap.at == number);
        if lock(&gate.refused).is_some_and(|refused| operation.starts_with(refused)) {
            let text = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
            return Some(Response::new(403, text).header("Content-Type", "text/xml"));
        }
    }
    if let Some(trap) = trap.as_ref().filter(|trap| !trap.done) {
        return trap.spring();
    }
    let response = call(moto, &forwarded(request).header("x-moto-account-id", account)).ok()?;
    if let Some(trap) = trap {
        return trap.spring();
    }
    Some(aged(&response))
}

/// What moto was just given was there for long.
fn aged(response: &Response) -> Response {
    let kind = response.value("content-type").unwrap_or("text/xml").to_owned();
    let year = Timestamp::now().strftime("<CreateDate>%Y").to_string();
    Response::new(response.status, response.text().replace(&year, "<CreateDate>2019")).header("Content-Type", &kind)
}

impl World {
    pub(crate) fn new(label: &str) -> Self {
        let shared = Moto::shared().endpoint().trim_start_matches("http://").parse().expect("an address");
        Self::with(label, shared, None)
    }

    /// With a moto of its own that has AWS's managed policies, which make it slow.
    pub(crate) fn with_policies_of_aws(label: &str) -> Self {
        let port = free_port();
        let mut moto = command(menagerie_tests::venv_program("python"));
        moto.args(["-c", "import sys; from moto.server import main; sys.exit(main())", "-H", "127.0.0.1", "-p", &port.to_string()]);
        moto.envs(menagerie_tests::credentials()).env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true").env_remove("AWS_ENDPOINT_URL");
        let (running, _) = Running::start_followed("moto_server", moto);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        assert_eventually!(within Duration::from_secs(90), std::net::TcpStream::connect(address).is_ok());
        Self::with(label, address, Some(running))
    }

    fn with(label: &str, moto: SocketAddr, own_moto: Option<Running>) -> Self {
        static ACCOUNTS: AtomicU64 = AtomicU64::new(100_000_000_000);
        let account: AccountId = ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string().parse().expect("an account");
        let namespace = Namespace::new(label);
        let gate = Arc::new(Gate::default());
        let (for_proxy, number) = (Arc::clone(&gate), account.to_string());
        let proxy = Server::start(move |request| through(&for_proxy, moto, &number, &request));
        let config = r#"{"active_filters": ["repokid.filters.optout:OptOutFilter"], "repo_requirements": {"exclude_new_permissions_for_days": 0},
            "principals": ["role", "user", "group"]}"#;
        let config = namespace.write("config.json", config);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        Self { moto, _own_moto: own_moto, account, namespace, gate, proxy, config, runtime }
    }

    /// Calls IAM as somebody else would.
    pub(crate) fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let response = self.ask(action, parameters);
        assert!(response.status < 300, "{action}: {}", response.text());
        response.text()
    }

    fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> Response {
        call(self.moto, &self.request(action, parameters)).expect("moto answers")
    }

    /// Somebody else does something just before an operation of repokid's.
    pub(crate) fn meddle(&self, before: &'static str, action: &str, parameters: &[(&str, &str)]) {
        *lock(&self.gate.meddling) = Some((before, self.request(action, parameters)));
    }

    fn request(&self, action: &str, parameters: &[(&str, &str)]) -> Request {
        let mut form = format!("Action={action}&Version=2010-05-08");
        for (name, value) in parameters {
            form.push_str(&format!("&{name}="));
            value.bytes().for_each(|byte| form.push_str(&format!("%{byte:02X}")));
        }
        let scope = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0";
        let request = Request::new("POST", "/", form).header("Authorization", scope);
        request.header("Content-Type", "application/x-www-form-urlencoded").header("x-moto-account-id", self.account.as_str())
    }

    /// Makes a role with inline policies, which the state knows.
    pub(crate) fn role(&self, name: &str, policies: &[(&str, &str)]) -> Arn {
        let made = self.iam("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", TRUST)]);
        for (policy, text) in policies {
            self.iam("PutRolePolicy", &[("RoleName", name), ("PolicyName", policy), ("PolicyDocument", text)]);
        }
        self.known(&made, "RoleId", name, None)
    }

    /// What IAM has just made, the state knows, as it was for years.
    fn known(&self, made: &str, id: &str, name: &str, of: Option<BTreeSet<String>>) -> Arn {
        let arn: Arn = tag(made, "Arn").parse().expect("an ARN");
        let mut role = Role::new(tag(made, id).parse().expect("an ID"), self.account.clone(), arn.clone(), name.to_owned());
        role.footing = of.map(|of| Footing::new(of, Timestamp::now() - SignedDuration::from_hours(24 * 1000)));
        let live = self.live(&arn);
        self.with_state(async |state| {
            state.save(&mut role).await.expect("is written");
            let version = NewVersion { source: "Scan".to_owned(), discovered: Timestamp::now(), policies: live };
            state.add_policy_version(&role.id, &version).await.expect("is kept");
        });
        self.advise(&arn);
        arn
    }

    /// A user joins a group, of which the state knows it, as if it was for years.
    pub(crate) fn join(&self, group: &Arn, user: &Arn) {
        let ((_, group_name), (_, user_name)) = (kind(group), kind(user));
        self.iam("AddUserToGroup", &[("GroupName", group_name), ("UserName", user_name)]);
        self.with_state(async |state| {
            let user = state.role_named(&self.account, user.as_str()).await.expect("is read").expect("is there");
            let mut group = state.role_named(&self.account, group.as_str()).await.expect("is read").expect("is there");
            group.footing.as_mut().expect("a group has one").of.insert(user.id.to_string());
            state.save(&mut group).await.expect("is written");
        });
    }

    /// Makes a user with inline policies, which the state knows.
    pub(crate) fn user(&self, name: &str, policies: &[(&str, &str)]) -> Arn {
        let made = self.iam("CreateUser", &[("UserName", name)]);
        for (policy, text) in policies {
            self.iam("PutUserPolicy", &[("UserName", name), ("PolicyName", policy), ("PolicyDocument", text)]);
        }
        self.known(&made, "UserId", name, Some(BTreeSet::from([name.to_owned()])))
    }

    /// Makes a group with inline policies and without members, which the state knows.
    pub(crate) fn group(&self, name: &str, policies: &[(&str, &str)]) -> Arn {
        let made = self.iam("CreateGroup", &[("GroupName", name)]);
        for (policy, text) in policies {
            self.iam("PutGroupPolicy", &[("GroupName", name), ("PolicyName", policy), ("PolicyDocument", text)]);
        }
        self.known(&made, "GroupId", name, Some(BTreeSet::new()))
    }

    /// Makes a managed policy.
    pub(crate) fn policy(&self, name: &str, text: &str) -> String {
        tag(&self.iam("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", text)]), "Arn")
    }

    pub(crate) fn attach(&self, principal: &Arn, policy: &str) {
        let (kind, name) = kind(principal);
        self.iam(&format!("Attach{kind}Policy"), &[(&format!("{kind}Name"), name), ("PolicyArn", policy)]);
        self.see(principal);
    }

    /// The state sees what the principal has now.
    pub(crate) fn see(&self, principal: &Arn) {
        let live = self.live(principal);
        self.with_state(async |state| {
            let role = state.role_named(&self.account, principal.as_str()).await.expect("is read").expect("is there");
            let version = NewVersion { source: "Scan".to_owned(), discovered: Timestamp::now(), policies: live };
            state.add_policy_version(&role.id, &version).await.expect("is kept");
        });
    }

    /// Access Advisor saw S3 used, and SQS and SNS never.
    fn advise(&self, principal: &Arn) {
        let now = Timestamp::now();
        let row = |service: &str, last| AdvisorRow {
            service: service.to_owned(),
            service_name: String::new(),
            last_authenticated: last,
            last_authenticated_entity: None,
            total_authenticated_entities: 0,
            actions: Vec::new(),
            last_updated: Some(now),
        };
        let rows = [
            row("s3", LastAccess::At(now)),
            row("sqs", LastAccess::Never),
            row("sns", LastAccess::Never),
            row("lambda", LastAccess::Never),
            row("kms", LastAccess::Never),
        ];
        self.with_state(async |state| state.replace_advisor(principal, &rows).await.expect("is written"));
    }

    pub(crate) fn with_state<T>(&self, work: impl AsyncFnOnce(&State) -> T) -> T {
        self.runtime.block_on(async {
            let state = State::open(&self.state()).await.expect("opens");
            let done = work(&state).await;
            state.close().await;
            done
        })
    }

    pub(crate) fn changes(&self, principal: &Arn) -> Vec<Change> {
        self.with_state(async |state| state.changes_of(principal).await.expect("is read"))
    }

    pub(crate) fn state(&self) -> String {
        self.namespace.file("state.db").display().to_string()
    }

    /// The policies of a principal: inline by name, attached by ARN.
    pub(crate) fn live(&self, principal: &Arn) -> BTreeMap<String, String> {
        let (kind, name) = kind(principal);
        let holder = (format!("{kind}Name"), name);
        let mut live = BTreeMap::new();
        for policy in tags(&self.iam(&format!("List{kind}Policies"), &[(&holder.0, holder.1)]), "member") {
            let text = self.iam(&format!("Get{kind}Policy"), &[(&holder.0, holder.1), ("PolicyName", &policy)]);
            live.insert(policy, document(&text, "PolicyDocument"));
        }
        for arn in tags(&self.iam(&format!("ListAttached{kind}Policies"), &[(&holder.0, holder.1)]), "PolicyArn") {
            let text = self.in_force(&arn);
            live.insert(arn, text);
        }
        live
    }

    /// The text in force of a managed policy.
    pub(crate) fn in_force(&self, arn: &str) -> String {
        let version = tag(&self.iam("GetPolicy", &[("PolicyArn", arn)]), "DefaultVersionId");
        document(&self.iam("GetPolicyVersion", &[("PolicyArn", arn), ("VersionId", &version)]), "Document")
    }

    pub(crate) fn is_there(&self, arn: &str) -> bool {
        self.ask("GetPolicy", &[("PolicyArn", arn)]).status < 300
    }

    /// Whether a principal's own policies allow an action on any resource.
    pub(crate) fn allows(&self, principal: &Arn, action: &str) -> bool {
        let live = self.live(principal);
        let policies: Vec<_> = live.iter().map(|(name, text)| (name, Policy::parse(text).expect("a policy"))).collect();
        let identity = policies.iter().map(|(name, policy)| Attached { name, policy }).collect();
        let who = match kind(principal).0 {
            "Role" => Principal::RoleSession { role: principal.to_string(), session: None },
            _ => Principal::User { arn: principal.to_string() },
        };
        let mut asked = Asked::new(who, action, "*");
        asked.resource_account = Some(self.account.to_string());
        evaluate(&Policies { identity, ..Policies::default() }, &asked).outcome == Outcome::Allowed
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_with(&self.config, arguments)
    }

    pub(crate) fn command_with(&self, config: &Path, arguments: &[&str]) -> Command {
        let mut repokid = command(env!("CARGO_BIN_EXE_repokid"));
        repokid.args(arguments).args(["--state", &self.state(), "--config"]).arg(config);
        repokid.envs(menagerie_tests::credentials()).env("AWS_ENDPOINT_URL", self.proxy.url());
        repokid
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        run_within(Duration::from_secs(120), self.command(arguments), b"")
    }

    /// Runs, and fails unless all is well.
    pub(crate) fn done(&self, arguments: &[&str]) {
        let _ = self.run(arguments).success();
    }

    /// What was written by repokid so far, and forgets it.
    pub(crate) fn written(&self) -> Vec<String> {
        self.gate.writes.store(0, Ordering::SeqCst);
        std::mem::take(&mut *lock(&self.gate.operations))
    }

    /// Refuses what begins so from now on.
    pub(crate) fn refuse(&self, operations: Option<&'static str>) {
        *lock(&self.gate.refused) = operations;
    }

    /// Runs until the write of this number, which moto does or does not see, and kills it there. Gives whether there was such a write.
    pub(crate) fn killed(&self, arguments: &[&str], at: usize, done: bool) -> bool {
        self.written();
        let (caught, catch) = mpsc::channel();
        *lock(&self.gate.trap) = Some(Trap { at, done, caught });
        let mut running = Running::start_followed("repokid", self.command(arguments)).0;
        loop {
            if catch.recv_timeout(Duration::from_millis(5)).is_ok() {
                running.kill();
                break true;
            }
            if running.ended().is_some() {
                *lock(&self.gate.trap) = None;
                break false;
            }
        }
    }

    /// Moto as it is, with all its accounts, but for this one, whose roles nobody may assume. Tells which roles were to be assumed, by which
    /// name of the session.
    pub(crate) fn closed(&self) -> (Server, Assumed) {
        let moto = self.moto;
        let assumed = Arc::new(Mutex::new(Vec::new()));
        let (roles, closed) = (Arc::clone(&assumed), self.account.to_string());
        let front = Server::start(move |request| {
            if operation(&request) == "AssumeRole" {
                let field = |name: &str| {
                    let body = Request::new("GET", &format!("/?{}", String::from_utf8_lossy(&request.body)), "");
                    body.query(name).unwrap_or_default()
                };
                let role = field("RoleArn");
                let is_closed = role.contains(&closed);
                lock(&roles).push((role, field("RoleSessionName")));
                if is_closed {
                    let text = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
                    return Some(Response::new(403, text).header("Content-Type", "text/xml"));
                }
            }
            Some(aged(&call(moto, &forwarded(&request)).ok()?))
        });
        (front, assumed)
    }

    /// The lease of a run that was killed ends some minutes later: now.
    pub(crate) fn minutes_later(&self) {
        self.with_state(async |state| {
            let later = Timestamp::now() + SignedDuration::from_hours(1);
            let lease = state.lease(&self.account, "the clock", later, SignedDuration::from_secs(1)).await.expect("is asked");
            state.release(lease.expect("has ended by then")).await.expect("is given back");
        });
    }
}

/// What IAM's operations call the principal, and its name.
fn kind(principal: &Arn) -> (&'static str, &str) {
    let (kind, path) = principal.resource().split_once('/').expect("a kind and a name");
    let kind = match kind {
        "role" => "Role",
        "user" => "User",
        _ => "Group",
    };
    (kind, path.rsplit('/').next().unwrap_or(path))
}

fn tags(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let texts = xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next());
    texts.map(|text| text.trim().to_owned()).collect()
}

fn tag(xml: &str, name: &str) -> String {
    tags(xml, name).into_iter().next().unwrap_or_else(|| panic!("{name} is not in {xml}"))
}

/// A document as it was put.
fn document(xml: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let text = xml.split(&open).nth(1).and_then(|rest| rest.split(&close).next()).expect("a document");
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(if byte == b'%' { hex(rest.next()).zip(hex(rest.next())).map_or(b'%', |(high, low)| high * 16 + low) } else { byte });
    }
    String::from_utf8(bytes).expect("text")
}
