//! casbin, asked for every field of every friend: as it is, and with its cache of answers warm.

use casbin::function_map::OperatorFunction;
use casbin::rhai::{Dynamic, ImmutableString};
use casbin::{
    CachedApi, CachedEnforcer, CoreApi, DefaultCache, DefaultModel, Enforcer, NullAdapter,
};
use countersign_domain::field::{FieldId, FieldSet};

use crate::Trouble;
use crate::contender::{Contender, ask_each};
use crate::lists::Lists;
use crate::question::{NOW, PURPOSE, Question};

const MODEL: &str = include_str!("../policies/release.conf");

/// More than there are different requests.
const CACHE_ANSWERS_MAX: usize = 100_000;

/// casbin.
pub(crate) struct Casbin<'a, E> {
    question: &'a Question,
    name: &'static str,
    enforcer: E,
    fields: Vec<FieldId>,
    /// Every request that there can be: by minor, setting, grant and the field's place.
    requests: Vec<Vec<Dynamic>>,
}

impl<'a> Casbin<'a, Enforcer> {
    /// As it is.
    pub(crate) fn plain(question: &'a Question) -> Result<Self, Trouble> {
        let model = model(question)?;
        let enforcer = wait(Enforcer::new(model, NullAdapter))?;
        Self::new(question, "casbin", enforcer)
    }
}

impl<'a> Casbin<'a, CachedEnforcer> {
    /// With the cache that comes with it, which the rounds before the first measured one have filled.
    pub(crate) fn cached(question: &'a Question) -> Result<Self, Trouble> {
        let model = model(question)?;
        let mut enforcer = wait(CachedEnforcer::new(model, NullAdapter))?;
        enforcer.set_cache(Box::new(DefaultCache::new(CACHE_ANSWERS_MAX)));
        Self::new(question, "casbin, all answers in its cache", enforcer)
    }
}

impl<'a, E: CoreApi> Casbin<'a, E> {
    fn new(question: &'a Question, name: &'static str, mut enforcer: E) -> Result<Self, Trouble> {
        enforcer.add_function("has", OperatorFunction::Arg2(has));
        let fields = question.fields();
        let requests = requests(question, &fields)?;
        Ok(Self { question, name, enforcer, fields, requests })
    }
}

impl<E: CoreApi> Contender for Casbin<'_, E> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn decide(&mut self) -> Result<Vec<FieldSet>, Trouble> {
        let granted = self.question.grant.friend;
        let friends = self.question.friends().iter().map(|friend| {
            let open = Question::open(friend);
            ask_each(&self.fields, |place, field| {
                let case = [friend.minor, open.contains(field), granted.contains(field)]
                    .into_iter()
                    .fold(0, |case, bit| case << 1 | usize::from(bit));
                let request = self.requests.get(case * self.fields.len() + place);
                let request = request.ok_or("a request was not prepared")?;
                Ok(self.enforcer.enforce(request.clone())?)
            })
        });
        friends.collect()
    }
}

/// Whether a list holds something that stands between commas.
fn has(list: Dynamic, text: Dynamic) -> Dynamic {
    let texts = (list.read_lock::<ImmutableString>(), text.read_lock::<ImmutableString>());
    let (Some(list), Some(text)) = texts else { return Dynamic::FALSE };
    Dynamic::from(list.contains(text.as_str()))
}

/// casbin reads models and adapters asynchronously; nothing here waits for anything.
fn wait<T>(future: impl Future<Output = casbin::Result<T>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(future)?)
}

fn model(question: &Question) -> Result<DefaultModel, Trouble> {
    let lists = Lists::of(question)?;
    let list = |fields: FieldSet| format!(",{},", question.names(fields).join(","));
    let text = MODEL
        .replace("\"AGREED\"", &format!("\"{}\"", list(lists.agreed)))
        .replace("\"DECLARED\"", &format!("\"{}\"", list(lists.declared)))
        .replace("\"SPECIAL\"", &format!("\"{}\"", list(lists.special)))
        .replace("\"ENDED\"", &format!("\"{}\"", list(lists.ended)))
        .replace("\"MINORS\"", &format!("\"{}\"", list(lists.minors)));
    wait(DefaultModel::from_str(&text))
}

fn requests(question: &Question, fields: &[FieldId]) -> Result<Vec<Vec<Dynamic>>, Trouble> {
    let now = i32::try_from(NOW.seconds())?;
    let text = |text: &str| Dynamic::from(text.to_owned());
    let [purpose, relation, country] = [PURPOSE, "friend", ",NL,"].map(text);
    let mut requests = Vec::new();
    for case in 0..8 {
        let [minor, setting, grant] = [4, 2, 1].map(|bit| Dynamic::from(case & bit != 0));
        for field in fields {
            let name = question.schema.name(*field).unwrap_or_default();
            requests.push(vec![
                setting.clone(),
                grant.clone(),
                minor.clone(),
                Dynamic::from(now),
                text(&format!(",{name},")),
                purpose.clone(),
                relation.clone(),
                country.clone(),
                country.clone(),
                Dynamic::from(true),
            ]);
        }
    }
    Ok(requests)
}
