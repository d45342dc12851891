//! What the path of a control group tells: container id, container name, systemd unit.

/// Id of the container: the last 64 hex digits that stand alone in a path, such as
/// `/system.slice/docker-<id>.scope` or `/kubepods/burstable/pod<uid>/<id>`.
pub(super) fn container_id(cgroups: &[String]) -> Option<&str> {
    cgroups.iter().find_map(|path| {
        let words = path.rsplit(|letter: char| !letter.is_ascii_alphanumeric());
        words.into_iter().find(|word| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

/// Name of the container, where its manager puts it into the path: LXC and systemd-nspawn.
pub(super) fn container_name(cgroups: &[String]) -> Option<String> {
    cgroups.iter().flat_map(|path| path.split('/')).find_map(|part| {
        let name = part
            .strip_prefix("lxc.payload.")
            .or_else(|| part.strip_prefix("machine-")?.strip_suffix(".scope"))
            .or_else(|| part.strip_prefix("systemd-nspawn@")?.strip_suffix(".service"))?;
        Some(unescape(name)).filter(|name| !name.is_empty())
    })
}

/// Name of the systemd service the process belongs to, without `.service`. Sessions and user managers are none.
pub(super) fn systemd_unit(cgroups: &[String]) -> Option<String> {
    cgroups.iter().flat_map(|path| path.rsplit('/')).find_map(|part| {
        let name = part.strip_suffix(".service").filter(|name| !name.starts_with("user@"))?;
        Some(unescape(name)).filter(|name| !name.is_empty())
    })
}

/// Undoes systemd's `\x2d`.
fn unescape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("\\x") {
        out.push_str(before);
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        if let Some(code) = code {
            out.push(char::from(code));
            rest = &after[2..];
        } else {
            out.push_str("\\x");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn paths(path: &str) -> Vec<String> {
        vec![path.replace("ID", ID)]
    }

    #[test]
    fn container_ids() {
        for path in [
            "/docker/ID",
            "/system.slice/docker-ID.scope",
            "/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-ID.scope",
            "/kubepods/burstable/pod1-2/ID",
            "/machine.slice/libpod-ID.scope/container",
        ] {
            assert_eq!(container_id(&paths(path)), Some(ID), "{path}");
        }
        for path in ["/", "/IDID", "/user.slice", "/zID", ""] {
            assert_eq!(container_id(&paths(path)), None, "{path}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(container_name(&paths("/lxc.payload.web/init.scope")).as_deref(), Some("web"));
        assert_eq!(
            container_name(&paths("/machine.slice/machine-my\\x2dbox.scope")).as_deref(),
            Some("my-box")
        );
        assert_eq!(container_name(&paths("/system.slice/docker-ID.scope")), None);
        assert_eq!(systemd_unit(&paths("/system.slice/nginx.service")).as_deref(), Some("nginx"));
        assert_eq!(
            systemd_unit(&paths("/system.slice/system-postgresql.slice/postgresql@15-main.service"))
                .as_deref(),
            Some("postgresql@15-main")
        );
        let user = "/user.slice/user-1000.slice/user@1000.service/app.slice/shop\\x2dapi.service";
        assert_eq!(systemd_unit(&paths(user)).as_deref(), Some("shop-api"));
        for path in [
            "/user.slice/user-0.slice/session-1.scope",
            "/user.slice/user@1000.service/app.slice/a.scope",
            "/",
        ] {
            assert_eq!(systemd_unit(&paths(path)), None, "{path}");
        }
        assert_eq!(unescape("a\\xzz\\x4"), "a\\xzz\\x4");
    }
}
