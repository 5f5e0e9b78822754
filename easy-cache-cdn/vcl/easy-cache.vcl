# What a Varnish needs to know of an application that tells its tags in Surrogate-Key: what to keep, for how long, and what
# to drop when it is told to. Include it after the backend:
#
#     vcl 4.1;
#     backend default { .host = "127.0.0.1"; .port = "3000"; }
#     include "easy-cache.vcl";

import std;

# Who may tell it to drop something: the machines on which the application runs.
acl easy_cache_application {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "BAN") {
        if (client.ip !~ easy_cache_application) {
            return (synth(403, "Forbidden"));
        }
        if (!req.http.Surrogate-Key) {
            return (synth(400, "Surrogate-Key is missing"));
        }
        if (req.http.Surrogate-Key == "*") {
            set req.http.X-Ban = "obj.http.Surrogate-Key ~ .";
        } else {
            # Names are compared as they are written: whatever means something in an expression is escaped.
            set req.http.X-Ban = regsuball(req.http.Surrogate-Key, "[][\\.+*?^$(){}|]", "\\\0");
            set req.http.X-Ban = regsuball(req.http.X-Ban, "[ ,]+", "|");
            # Whose tags did not fit, or were not known yet, depends on any.
            set req.http.X-Ban = "obj.http.Surrogate-Key ~ (^|\s)(\*|" + req.http.X-Ban + ")(\s|$)";
        }
        if (!std.ban(req.http.X-Ban)) {
            return (synth(500, std.ban_error()));
        }
        return (synth(200, "Banned"));
    }
}

sub vcl_backend_response {
    # It keeps what the application keeps, and for as long: that is in Cache-Status. Everything else is for the client that asked.
    # What Cache-Control says is for browsers.
    # The application's word is the last one; what a URL says that is told with it has no blank before it.
    std.collect(beresp.http.Cache-Status);
    if (beresp.http.Surrogate-Key && beresp.http.Surrogate-Control !~ "no-store" && !beresp.http.Set-Cookie &&
        beresp.http.Vary !~ "\*" && beresp.http.Cache-Status ~ "; ttl=[0-9]") {
        set beresp.ttl = std.duration(regsub(beresp.http.Cache-Status, "^.*; ttl=([0-9]+).*$", "\1s"), 0s);
    } else {
        set beresp.uncacheable = true;
        set beresp.ttl = 120s;
    }
    return (deliver);
}

sub vcl_deliver {
    # The names of tables and rows are nobody else's business.
    unset resp.http.Surrogate-Key;
    unset resp.http.Surrogate-Control;
}
