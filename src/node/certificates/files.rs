//! A certificate and its key in files, which somebody else renews.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{CertificateError, Certificates, Ready};

/// Time between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);

/// What the two files hold.
pub type Texts = [Vec<u8>; 2];

/// The two files.
#[derive(Debug, Clone)]
pub struct Files {
    /// The certificate, then those that lead to its authority.
    pub chain: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Files {
    fn texts(&self) -> Result<Texts, CertificateError> {
        let text = |path: &PathBuf| std::fs::read(path).map_err(|error| CertificateError::File(path.display().to_string(), error));
        Ok([text(&self.chain)?, text(&self.key)?])
    }

    fn ready(&self, [chain, key]: &Texts) -> Result<Ready, CertificateError> {
        Ready::read((&self.chain.display().to_string(), chain), (&self.key.display().to_string(), key))
    }

    /// Shows what the files hold, and gives it. Errors: they cannot be read, or do not belong together.
    pub fn show(&self, certificates: &Certificates) -> Result<Texts, CertificateError> {
        let texts = self.texts()?;
        certificates.show(self.ready(&texts)?);
        Ok(texts)
    }

    /// Shows what the files hold whenever that differs from what was shown last. Whoever renews them writes one after the other: until they belong
    /// together, the old ones go on. It never returns.
    pub async fn keep(self, shown: Texts, certificates: Arc<Certificates>) {
        let goes_on = |error: CertificateError| certificates.trouble(format!("the certificate that was shown goes on: {error}"));
        let (mut seen, mut is_good, mut is_away) = (shown, true, false);
        loop {
            tokio::time::sleep(LOOK).await;
            let texts = match self.texts() {
                Ok(texts) => texts,
                Err(error) => {
                    if !is_away {
                        goes_on(error);
                    }
                    is_away = true;
                    continue;
                }
            };
            let was_away = std::mem::take(&mut is_away);
            if seen == texts {
                if was_away && is_good {
                    certificates.settled();
                }
                continue;
            }
            let read = self.ready(&texts);
            is_good = read.is_ok();
            match read {
                Ok(ready) => certificates.show(ready),
                Err(error) => goes_on(error),
            }
            seen = texts;
        }
    }
}
