//! A browser, as far as the product relies on one: cookies with their rules, forms, redirects.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, RequestBuilder, StatusCode};
use url::{Url, form_urlencoded};

/// One person's browser: its cookies, by host and port as the tests run two servers on one machine.
pub(crate) struct Browser {
    http: reqwest::Client,
    jar: Mutex<BTreeMap<(String, String), String>>,
}

/// An answer, with the address that gave it.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where it redirects to.
    pub(crate) fn location(&self) -> Url {
        self.url.join(self.header(LOCATION.as_str())).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What a person reads: without tags, entities undone, spaces made one.
    pub(crate) fn text(&self) -> String {
        text_of(&self.body)
    }

    /// The page says this, in this status.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, words: &str) -> &Self {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{}: {text}", self.url);
        assert!(text.contains(words), "{}: {text}", self.url);
        self
    }

    /// The number that a person tells their administrator.
    #[track_caller]
    pub(crate) fn number(&self) -> String {
        let (_, after) = self
            .body
            .split_once(r#"<code id="correlation-id">"#)
            .unwrap();
        after.split_once('<').unwrap().0.to_owned()
    }

    /// The address of the link with these words.
    #[track_caller]
    pub(crate) fn link(&self, words: &str) -> Url {
        let tag = self
            .body
            .split("<a ")
            .skip(1)
            .find(|tag| {
                let inner = tag
                    .split_once('>')
                    .and_then(|(_, rest)| rest.split_once("</a>"));
                inner.is_some_and(|(inner, _)| inner.trim() == words)
            })
            .unwrap_or_else(|| panic!("no link {words:?} in {}", self.text()));
        self.url.join(&attribute(tag, "href").unwrap()).unwrap()
    }

    /// Every address that a link, a style sheet, a script or a picture names.
    pub(crate) fn links(&self) -> impl Iterator<Item = Url> {
        self.body.split('<').filter_map(|tag| {
            let target = attribute(tag, "href").or_else(|| attribute(tag, "src"))?;
            Some(self.url.join(&target).unwrap())
        })
    }

    /// The value of the field with this id.
    #[track_caller]
    pub(crate) fn value(&self, id: &str) -> String {
        let tag = self.tag(id);
        attribute(tag, "value").unwrap_or_default()
    }

    /// What the field with this id is described by: its problems and its help, in the page's order.
    #[track_caller]
    pub(crate) fn described(&self, id: &str) -> Vec<String> {
        let names = attribute(self.tag(id), "aria-describedby").unwrap_or_default();
        let text = |name: &str| {
            let (_, inner) = self.tag(name).split_once('>').unwrap();
            let (inner, _) = inner.split_once("</p>").unwrap();
            text_of(inner)
        };
        let texts = names.split_whitespace().map(text);
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// Whether the field with this id is marked as wrong.
    #[track_caller]
    pub(crate) fn is_invalid(&self, id: &str) -> bool {
        attribute(self.tag(id), "aria-invalid").as_deref() == Some("true")
    }

    /// From the tag with this id on.
    #[track_caller]
    fn tag(&self, id: &str) -> &str {
        self.body
            .match_indices('<')
            .map(|(at, _)| self.body.get(at..).unwrap_or_default())
            .find(|tag| attribute(tag, "id").as_deref() == Some(id))
            .unwrap_or_else(|| panic!("nothing has the id {id:?} in {}", self.text()))
    }

    /// The hidden fields of the form that goes to `action`.
    #[track_caller]
    pub(crate) fn hidden(&self, action: &str) -> Vec<(String, String)> {
        self.hidden_beside("", action)
    }

    /// The same, of the first such form after these words.
    #[track_caller]
    pub(crate) fn hidden_beside(&self, words: &str, action: &str) -> Vec<(String, String)> {
        let (_, rest) = self
            .body
            .split_once(words)
            .unwrap_or_else(|| panic!("no {words:?} in {}", self.text()));
        let form = rest
            .split("<form ")
            .skip(1)
            .find(|form| attribute(form, "action").as_deref() == Some(action))
            .unwrap_or_else(|| panic!("no form to {action} in {}", self.text()));
        let (form, _) = form.split_once("</form>").unwrap();
        form.split("<input ")
            .skip(1)
            .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
            .map(|input| {
                let value = attribute(input, "value").unwrap_or_default();
                (attribute(input, "name").unwrap(), value)
            })
            .collect()
    }
}

fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((words, after)) = rest.split_once('<') {
        text.push_str(words);
        text.push(' ');
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    unescape(&text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// An attribute of the tag that `text` begins in.
fn attribute(text: &str, name: &str) -> Option<String> {
    let (tag, _) = text.split_once('>')?;
    let marker = format!("{name}=\"");
    let (_, value) = tag
        .match_indices(&marker)
        .map(|(at, _)| tag.split_at(at))
        .find(|(before, _)| before.is_empty() || before.ends_with(char::is_whitespace))?;
    let value = value.strip_prefix(&marker)?;
    Some(unescape(value.split_once('"')?.0))
}

fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&#60;", "<"),
        ("&gt;", ">"),
        ("&#62;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

impl Browser {
    /// Finds `localhost` at the product, whatever this machine's resolver says.
    pub(crate) fn new(product: SocketAddr) -> Self {
        Self::with(reqwest::Client::builder(), product)
    }

    /// The same, with what else the client is to have.
    pub(crate) fn with(client: ClientBuilder, product: SocketAddr) -> Self {
        Self {
            http: client
                .redirect(Policy::none())
                .resolve("localhost", product)
                .build()
                .unwrap(),
            jar: Mutex::default(),
        }
    }

    pub(crate) fn request_get(&self, url: &Url) -> RequestBuilder {
        self.http.get(url.clone())
    }

    pub(crate) fn request_post(&self, url: &Url, fields: &[(String, String)]) -> RequestBuilder {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.http
            .post(url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
    }

    /// Sends a request with this browser's cookies and keeps what comes back; follows nothing.
    pub(crate) async fn send(&self, url: &Url, request: RequestBuilder) -> Page {
        let response = request
            .header(COOKIE, self.cookie_header(url))
            .send()
            .await
            .unwrap();
        self.receive(url, response).await
    }

    /// Keeps the cookies of an answer.
    pub(crate) async fn receive(&self, url: &Url, response: reqwest::Response) -> Page {
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.keep(url, cookie.to_str().unwrap());
        }
        Page {
            url: url.clone(),
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    /// The `Cookie` header for a request to `url`.
    pub(crate) fn cookie_header(&self, url: &Url) -> String {
        let jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        jar.iter()
            .filter(|((host, _), _)| *host == place(url))
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, url: &Url, name: &str) -> Option<String> {
        let jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        jar.get(&(place(url), name.to_owned())).cloned()
    }

    /// Every cookie's value, of every host.
    pub(crate) fn cookies(&self) -> Vec<String> {
        let jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        jar.values().cloned().collect()
    }

    /// Puts a cookie in, as an attacker with the person's computer would.
    pub(crate) fn plant(&self, url: &Url, name: &str, value: &str) {
        let mut jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        jar.insert((place(url), name.to_owned()), value.to_owned());
    }

    fn keep(&self, url: &Url, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        let attributes: Vec<_> = attributes
            .split(';')
            .map(|attribute| attribute.trim().to_ascii_lowercase())
            .collect();
        let has = |wanted: &str| attributes.iter().any(|attribute| attribute == wanted);
        if name.starts_with("__Host-") {
            let host_only = !attributes.iter().any(|one| one.starts_with("domain"));
            assert!(has("secure") && has("path=/") && host_only, "{cookie}");
            assert!(has("httponly") && has("samesite=lax"), "{cookie}");
        }
        let mut jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        if value.is_empty() || has("max-age=0") {
            jar.remove(&(place(url), name.to_owned()));
        } else {
            jar.insert((place(url), name.to_owned()), value.to_owned());
        }
    }

    pub(crate) async fn get(&self, url: &Url) -> Page {
        self.send(url, self.request_get(url)).await
    }

    /// Gets a page and goes wherever it leads.
    pub(crate) async fn visit(&self, url: &Url) -> Page {
        let page = self.get(url).await;
        self.follow(page).await
    }

    /// Goes where a redirect leads, and further; ten steps are a loop.
    pub(crate) async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..10 {
            if !page.status.is_redirection() {
                return page;
            }
            page = self.get(&page.location()).await;
        }
        panic!("redirected in a loop at {}", page.url);
    }

    /// Fills in the form of `page` that goes to `action`, sends it, and stops at the answer.
    pub(crate) async fn submit(&self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        self.submit_beside(page, "", action, fields).await
    }

    /// The same with the first such form after these words.
    pub(crate) async fn submit_beside(
        &self,
        page: &Page,
        words: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let url = page.url.join(action).unwrap();
        let mut all = page.hidden_beside(words, action);
        all.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let request = self
            .request_post(&url, &all)
            .header(ORIGIN, page.url.origin().ascii_serialization())
            .header("sec-fetch-site", "same-origin");
        self.send(&url, request).await
    }
}

fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}
