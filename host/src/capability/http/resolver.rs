//! Names to addresses, each judged before it is dialled.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;

use super::address::Reach;

/// Addresses that are tried at most; all are judged.
const TRIED: usize = 8;

/// Finds the addresses of a name. The host asks once for each new connection, judges every answer, and
/// dials one of exactly those.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of `host`, in order of preference. Waiting ends with the connect deadline.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// The addresses to try for `host`; none when one of them may not be dialled, or there is none.
///
/// One address that is not permitted spoils the name: it may be the one that answers next time.
pub(super) async fn permitted(
    resolver: &Arc<dyn Resolver>,
    reach: Reach,
    host: &str,
    port: u16,
) -> Option<Vec<SocketAddr>> {
    let found = resolver.resolve(host).await.ok()?;
    if found.is_empty() || !found.iter().all(|address| reach.permits(*address)) {
        return None;
    }
    // RFC 8305 section 4: the families take turns, so that a dead one costs one attempt and not all.
    let first_is_v6 = found.first()?.is_ipv6();
    let (mut first, mut second): (Vec<IpAddr>, Vec<IpAddr>) = found
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut ordered = Vec::with_capacity(TRIED);
    first.reverse();
    second.reverse();
    while ordered.len() < TRIED && !(first.is_empty() && second.is_empty()) {
        ordered.extend(first.pop());
        ordered.extend(second.pop());
    }
    ordered.truncate(TRIED);
    let addresses = ordered.into_iter();
    Some(addresses.map(|ip| SocketAddr::new(ip, port)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answers(io::Result<Vec<IpAddr>>);

    #[async_trait]
    impl Resolver for Answers {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            match &self.0 {
                Ok(found) => Ok(found.clone()),
                Err(error) => Err(error.kind().into()),
            }
        }
    }

    async fn judged(reach: Reach, answers: &[&str]) -> Option<Vec<String>> {
        let found = answers.iter().map(|text| text.parse().unwrap()).collect();
        let resolver: Arc<dyn Resolver> = Arc::new(Answers(Ok(found)));
        let permitted = permitted(&resolver, reach, "acme.okta.com", 443).await?;
        Some(
            permitted
                .iter()
                .map(|address| address.ip().to_string())
                .collect(),
        )
    }

    #[tokio::test]
    async fn one_private_address_spoils_the_name() {
        let public = ["93.184.216.34", "2606:4700::1"];
        assert!(judged(Reach::Public, &public).await.is_some());
        for private in ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fc00::1"] {
            for mixed in [
                vec![private],
                vec![public[0], private],
                vec![private, public[1]],
                vec![public[0], public[1], private],
            ] {
                assert_eq!(
                    judged(Reach::Public, &mixed).await,
                    None,
                    "BI-214 {mixed:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_thousand_answers_are_all_judged_and_eight_are_tried() {
        let mut answers: Vec<String> = (0..1_000)
            .map(|n| format!("93.184.{}.{}", n / 256, n % 256))
            .collect();
        let all: Vec<_> = answers.iter().map(String::as_str).collect();
        let tried = judged(Reach::Public, &all).await.unwrap();
        assert_eq!(
            (tried.len(), tried[0].as_str()),
            (8, "93.184.0.0"),
            "BI-214"
        );
        answers[999] = "192.168.0.1".to_owned();
        let all: Vec<_> = answers.iter().map(String::as_str).collect();
        assert_eq!(judged(Reach::Public, &all).await, None, "BI-214");
    }

    #[tokio::test]
    async fn families_take_turns() {
        let six = ["2606:4700::1", "2606:4700::2", "2606:4700::3"];
        let answers = [six[0], six[1], six[2], "93.184.216.34"];
        let tried = judged(Reach::Public, &answers).await.unwrap();
        assert_eq!(tried, [six[0], "93.184.216.34", six[1], six[2]], "F-15");
    }

    #[tokio::test]
    async fn no_answer_and_a_failure_are_the_same() {
        assert_eq!(judged(Reach::Public, &[]).await, None, "BI-215");
        let broken: Arc<dyn Resolver> = Arc::new(Answers(Err(io::ErrorKind::NotFound.into())));
        let found = permitted(&broken, Reach::Public, "acme.okta.com", 443).await;
        assert_eq!(found, None, "BI-215");
    }
}
