using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Pipeline.Orchestrator.Http;

namespace Pipeline.Orchestrator.Access;

/// <summary>Reads <c>X-Api-Key</c> or <c>Authorization: Bearer</c>. With keys turned off, everybody on this machine is an operator.</summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ApiKeyDirectory directory, IOptions<HttpOptions> http) :
    AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string KeyHeader = "X-Api-Key";

    /// <summary>The hash of the caller's key, for what outlives one look at it; see <see cref="ApiKeyDirectory.FindAsync"/>.</summary>
    public const string KeyHashClaim = "key-hash";

    private const string Bearer = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!http.Value.RequireApiKeys)
        {
            return Success(new Caller(null, IsOperator: true), null);
        }

        if (KeyOf(Request) is not { } key)
        {
            return AuthenticateResult.NoResult();
        }

        if (!ApiKeySecret.TryHash(key, out var bytes))
        {
            return AuthenticateResult.Fail(HttpCode.KeyInvalid);
        }

        var hash = Convert.ToHexString(bytes);
        return await directory.FindAsync(hash, Context.RequestAborted) is { } caller ? Success(caller, hash) : AuthenticateResult.Fail(HttpCode.KeyInvalid);
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var given = (await HandleAuthenticateOnceSafeAsync()).Failure is not null;
        Response.Headers.WWWAuthenticate = "Bearer";
        await (given
            ? Problem.Of(StatusCodes.Status401Unauthorized, HttpCode.KeyInvalid, "The API key is not known or was revoked. Ask an operator for a new one.")
            : Problem.Of(StatusCodes.Status401Unauthorized, HttpCode.KeyMissing, $"The request has no API key. Send it as '{KeyHeader}: <key>' or '{HeaderNames.Authorization}: {Bearer}<key>'."))
            .ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problem.Of(StatusCodes.Status403Forbidden, HttpCode.OperatorRequired, $"'{Request.Method} {Request.Path}' takes an operator's key, and this one is a tenant's.").ExecuteAsync(Context);

    /// <summary>Empty where the header is there and holds no key that could be meant; null where there is none.</summary>
    private static string? KeyOf(HttpRequest request)
    {
        if (request.Headers.TryGetValue(KeyHeader, out var own))
        {
            return own.Count == 1 ? own[0] ?? "" : "";
        }

        if (!request.Headers.TryGetValue(HeaderNames.Authorization, out var authorization))
        {
            return null;
        }

        return authorization.Count == 1 && authorization[0] is { } value && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? value[Bearer.Length..].Trim() : "";
    }

    private static AuthenticateResult Success(Caller caller, string? hash)
    {
        List<Claim> claims = [];
        if (caller.Tenant is { } tenant)
        {
            claims.Add(new Claim(Caller.TenantClaim, tenant));
        }

        if (caller.IsOperator)
        {
            claims.Add(new Claim(ClaimTypes.Role, Caller.OperatorRole));
        }

        if (caller.Name is { } name)
        {
            claims.Add(new Claim(ClaimTypes.Name, name));
        }

        if (hash is not null)
        {
            claims.Add(new Claim(KeyHashClaim, hash));
        }

        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(claims, SchemeName)), SchemeName));
    }
}
