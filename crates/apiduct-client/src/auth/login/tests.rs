use apiduct_model::Hint;

use super::*;
use crate::auth::TokenEndpoint;

/// The verifier and challenge of RFC 7636, appendix B.
const VERIFIER: [u8; 32] = [
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77,
    105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
];

fn login() -> PendingLogin {
    let mut bytes = [1; 48];
    bytes[..32].copy_from_slice(&VERIFIER);
    let endpoint = TokenEndpoint::new("https://login.test/token", "program");
    let flow = AuthorizationCode::new("https://login.test/authorize?tenant=t", endpoint)
        .scopes(["read", "offline_access"])
        .param("prompt", "consent");
    flow.begin(
        "http://127.0.0.1:4242/callback",
        LoginRandom::from_bytes(bytes),
    )
    .unwrap()
}

#[test]
fn the_url_carries_the_challenge_of_the_rfc_and_not_the_verifier() {
    let login = login();
    assert_eq!(
        login.url().as_str(),
        "https://login.test/authorize?tenant=t&response_type=code&client_id=program\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A4242%2Fcallback&state=AQEBAQEBAQEBAQEBAQEBAQ\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
         &scope=read+offline_access&prompt=consent"
    );
    assert!(!format!("{login:?}").contains("dBjftJeZ4CVP"));
}

#[test]
fn a_code_counts_only_with_the_state_of_its_own_login() {
    let login = login();
    let state = "AQEBAQEBAQEBAQEBAQEBAQ";
    let code = login.code(&format!("code=c%2F1&state={state}")).unwrap();
    assert_eq!(code.expose(), "c/1");
    for query in ["code=c", "code=c&state=other", "error=access_denied&state="] {
        assert_eq!(login.code(query), Err(LoginError::OtherState), "{query}");
    }
    assert_eq!(
        login.code(&format!("state={state}")),
        Err(LoginError::NoCode)
    );
    let refused = format!("error=access_denied&error_description=not+you&state={state}");
    let error = login.code(&refused).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the login was refused: access_denied (not you)"
    );
    assert!(error.hint().is_some());
}

#[test]
fn a_url_to_log_in_at_must_be_one() {
    let endpoint = TokenEndpoint::new("https://login.test/token", "program");
    let flow = AuthorizationCode::new("javascript:alert(1)", endpoint);
    let random = LoginRandom::from_system().unwrap();
    let error = flow.begin("http://127.0.0.1/", random).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`authorization_url` cannot be used: it is not an absolute http or https URL"
    );
}
