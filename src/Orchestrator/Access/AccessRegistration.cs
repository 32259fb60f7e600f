using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Pipeline.Orchestrator.Http;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Access;

/// <summary>Registers keys, policies and the commands that administer keys.</summary>
internal static class AccessRegistration
{
    public static void AddAccess(this IServiceCollection services)
    {
        services.AddOptions<HttpOptions>().BindConfiguration(HttpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<Microsoft.Extensions.Options.IValidateOptions<HttpOptions>, HttpOptionsValidator>();
        services.AddSingleton<ApiKeyDirectory>();
        services.AddAuthentication(ApiKeyAuthentication.SchemeName).AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);
        var anyKey = new AuthorizationPolicyBuilder(ApiKeyAuthentication.SchemeName).RequireAuthenticatedUser().Build();
        services.AddAuthorizationBuilder()
            .AddPolicy(AccessPolicy.AnyKey, anyKey)
            .AddPolicy(AccessPolicy.Operator, x => x.AddAuthenticationSchemes(ApiKeyAuthentication.SchemeName).RequireRole(Caller.OperatorRole))
            // A route that names no policy is not open by accident.
            .SetFallbackPolicy(anyKey);
        services.AddSingleton(new ServiceCommand("--create-api-key", "--tenant T | --operator [--name N]: makes a key of the HTTP API and prints it, this once", ApiKeyCommands.CreateAsync));
        services.AddSingleton(new ServiceCommand("--list-api-keys", "lists the keys: id, whose, name, created, revoked", (x, _, cancellationToken) => ApiKeyCommands.ListAsync(x, cancellationToken)));
        services.AddSingleton(new ServiceCommand("--revoke-api-key", "ID: ends a key, within seconds on every replica", ApiKeyCommands.RevokeAsync));
    }
}
