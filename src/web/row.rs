//! What a row says of an operation, beside its handler: who may call, what counts, what is read and asked for. Path and
//! method come from what utoipa made of the handler. The gate and the extractors enforce the row, and the API document
//! tells of it.

use actix_web::http::Method;
use actix_web::{FromRequest, Handler, HttpMessage, HttpRequest, Responder, Route, web};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{RefOr, Schema};

use super::limits::Policy;
use crate::domain::people::partners::PartnerScope;
use crate::domain::people::platforms::Scope;

/// The longest body, in bytes, where a row names no other.
const LONGEST: usize = 256 * 1024;

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anybody.
    Anyone,
    /// A platform whose token carries the scope, or any token where there is none.
    Platform(Option<Scope>),
    /// A service whose token carries the scope.
    Partner(PartnerScope),
    /// A signed-in colleague whose role has a right to the thing.
    Staff,
    /// A signed-in colleague, whatever their role.
    AnyStaff,
    /// Somebody of a service who is signed in with a browser. Forms come to their handlers as those of colleagues do.
    Reader,
    /// A colleague who is signed in with a browser, whatever their role. A form of somebody who is no longer signed in comes to
    /// its handler all the same: what was written in it is not lost.
    Browser,
}

impl Caller {
    /// A platform whose token carries the scope.
    pub(super) const fn with(scope: Scope) -> Self {
        Self::Platform(Some(scope))
    }
}

/// Which body is read, and how many bytes of it at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// None.
    None,
    /// A form.
    Form(usize),
    /// A form of a page, as browsers send it.
    Words(usize),
    /// One JSON object.
    Json(usize),
    /// One JSON object; in real life whatever its media type is called. What a frightened person said is read, whatever
    /// her app calls it.
    Report(usize),
}

/// Whether a caller says which version they saw (`If-Match`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Nobody asks.
    None,
    /// It holds where it is sent.
    Optional,
    /// Without one, the call is refused.
    Required,
}

/// Who reads the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A program, which gets JSON, or a file.
    Program,
    /// A person, who gets a page, also when something is wrong.
    Person,
}

/// For how long answers may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// Not at all.
    None,
    /// What succeeds, as this `Cache-Control` says.
    As(&'static str),
    /// As the handler says of each; not at all where it says nothing.
    ByAnswer,
}

/// What the API document has of a handler.
struct Described {
    methods: fn() -> Vec<HttpMethod>,
    operation: fn() -> Operation,
    tags: fn() -> Vec<&'static str>,
    schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
}

/// An operation, or the pages below a path.
pub struct Row {
    /// The path, with `{names}`.
    pub path: String,
    /// The method.
    pub method: Method,
    /// Who may call it.
    pub caller: Caller,
    /// Which limit counts.
    pub policy: Policy,
    /// Which body it reads.
    pub body: Body,
    /// Whether it needs an `Idempotency-Key`.
    pub keyed: bool,
    /// Whether it asks for an `If-Match`.
    pub precondition: Precondition,
    /// Whether reading it is put on record. Then it has no HEAD, which would record a reading of what nobody saw.
    pub recorded: bool,
    /// Who reads its answers.
    pub reader: Reader,
    /// For how long its answers may be kept.
    pub caching: Caching,
    /// The statuses that it is refused with, beside those that follow from the rest of the row.
    pub refused_with: &'static [&'static str],
    /// A whole example of its body, as JSON.
    pub example: Option<&'static str>,
    described: Option<Described>,
    route: Box<dyn Fn() -> Route + Send + Sync>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Row {
    /// The row of the handler that utoipa made `_described` of. Without more, it reads no body, and nobody keeps answers.
    pub(super) fn of<P, F, A>(_described: P, handler: F, caller: Caller, policy: Policy) -> Self
    where
        P: utoipa::Path + SchemaReferences + Tags<'static>,
        F: Handler<A> + Send + Sync,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let names = (std::any::type_name::<P>(), std::any::type_name::<F>());
        debug_assert!(names.0.replace("__path_", "") == names.1, "{names:?} are not of one handler");
        // The attribute names one method.
        let method = P::methods().first().map_or(Method::GET, method);
        let described = Described { methods: P::methods, operation: P::operation, tags: P::tags, schemas: P::schemas };
        Self { described: Some(described), ..Self::plain(P::path(), method, handler, caller, policy) }
    }

    /// The row of public pages, which are no operations of the API.
    pub(super) fn pages<F, A>(path: &str, handler: F) -> Self
    where
        F: Handler<A> + Send + Sync,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::plain(path.to_owned(), Method::GET, handler, Caller::Anyone, Policy::Public).cached(Caching::ByAnswer)
    }

    /// The row of a page for people at work, or of what its script asks for.
    pub(super) fn page<F, A>(path: &str, method: Method, handler: F, caller: Caller) -> Self
    where
        F: Handler<A> + Send + Sync,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let policy = if caller == Caller::Anyone { Policy::Public } else { Policy::Staff };
        let row = Self::plain(path.to_owned(), method, handler, caller, policy);
        Self { reader: Reader::Person, ..row }
    }

    /// Another limit counts.
    pub(super) const fn counting(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What a script asks for, and no person.
    pub(super) const fn for_script(mut self) -> Self {
        self.reader = Reader::Program;
        self
    }

    fn plain<F, A>(path: String, method: Method, handler: F, caller: Caller, policy: Policy) -> Self
    where
        F: Handler<A> + Send + Sync,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self {
            path,
            method,
            caller,
            policy,
            body: Body::None,
            keyed: false,
            precondition: Precondition::None,
            recorded: false,
            reader: Reader::Program,
            caching: Caching::None,
            refused_with: &[],
            example: None,
            described: None,
            route: Box::new(move || web::to(handler.clone())),
        }
    }

    /// It reads one JSON object of the usual length.
    pub(super) fn json(self) -> Self {
        self.reading(Body::Json(LONGEST))
    }

    /// It reads what a frightened person said, of the usual length.
    pub(super) fn report(self) -> Self {
        self.reading(Body::Report(LONGEST))
    }

    pub(super) const fn reading(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    pub(super) const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    pub(super) const fn asking_for(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }

    pub(super) const fn recorded(mut self) -> Self {
        self.recorded = true;
        self
    }

    pub(super) const fn cached(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }

    pub(super) const fn refused_with(mut self, statuses: &'static [&'static str]) -> Self {
        self.refused_with = statuses;
        self
    }

    pub(super) const fn example(mut self, json: &'static str) -> Self {
        self.example = Some(json);
        self
    }

    /// The row of what a request calls, once the gate has found it.
    pub(super) fn called(request: &HttpRequest) -> Option<&'static Self> {
        request.extensions().get::<&'static Self>().copied()
    }

    /// Whether the row answers this method. HEAD asks what GET would say.
    pub(super) fn answers(&self, method: &Method) -> bool {
        self.method == *method || (self.has_head() && *method == Method::HEAD)
    }

    /// Whether HEAD is answered too.
    pub(super) fn has_head(&self) -> bool {
        self.method == Method::GET && !self.recorded
    }

    /// Whether callers prove who they are: by a credential, or in the body of a call for one.
    pub(super) fn proves_caller(&self) -> bool {
        self.caller != Caller::Anyone || self.policy == Policy::Token
    }

    /// A new way to the handler.
    pub(super) fn route(&self) -> Route {
        (self.route)()
    }

    /// What the handler's attribute says, and its methods; nothing of pages. The schemas that it names go to a list.
    pub(super) fn operation(&self, schemas: &mut Vec<(String, RefOr<Schema>)>) -> Option<(Vec<HttpMethod>, Operation)> {
        let described = self.described.as_ref()?;
        (described.schemas)(schemas);
        let mut operation = (described.operation)();
        operation.tags = Some((described.tags)().into_iter().map(str::to_owned).collect());
        Some(((described.methods)(), operation))
    }
}

fn method(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}
