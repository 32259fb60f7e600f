using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Http;

public sealed class AccessTests
{
    [Theory]
    [InlineData(null, null, "key_missing")]
    [InlineData("X-Api-Key", "", "key_invalid")]
    [InlineData("X-Api-Key", "pk_nothing", "key_invalid")]
    [InlineData("X-Api-Key", "pk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "key_invalid")]
    [InlineData("Authorization", "Basic dXNlcjpwYXNz", "key_invalid")]
    [InlineData("Authorization", "Bearer pk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "key_invalid")]
    public async Task Without_a_good_key_nothing_is_answered(string? header, string? value, string code)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true });
        using var client = orchestrator.Client();
        if (header is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        }

        foreach (var path in new[] { "/invocations", $"/invocations/{Guid.NewGuid()}", "/no-such-route" })
        {
            using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
            await answer.AssertProblemAsync(HttpStatusCode.Unauthorized, code);
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task A_key_works_in_both_headers_until_it_is_revoked()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true });
        var key = await orchestrator.CreateKeyAsync("acme");
        using var plain = orchestrator.Client(key);
        using var bearer = orchestrator.Client();
        bearer.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {key}");

        Assert.Equal(HttpStatusCode.OK, (await plain.GetAsync("/invocations", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await bearer.GetAsync("/invocations", TestContext.Current.CancellationToken)).StatusCode);

        var id = await orchestrator.ReadAsync(x => x.ApiKeys.Select(y => y.Id).SingleAsync());
        Assert.Equal(0, await orchestrator.ReadAsync(async x => await RevokeAsync(orchestrator, id)));
        orchestrator.Clock.Advance(ApiKeyDirectory.Life);
        using var refused = await plain.GetAsync("/invocations", TestContext.Current.CancellationToken);
        await refused.AssertProblemAsync(HttpStatusCode.Unauthorized, HttpCode.KeyInvalid);
    }

    [Fact]
    public async Task A_key_is_stored_as_its_hash_alone()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true });
        await using var scope = orchestrator.Services.CreateAsyncScope();

        Assert.Equal(0, await ApiKeyCommands.CreateAsync(scope.ServiceProvider, ["--create-api-key", "--tenant", "acme", "--name", "portal"], TestContext.Current.CancellationToken));
        Assert.Equal(0, await ApiKeyCommands.CreateAsync(scope.ServiceProvider, ["--create-api-key", "--operator"], TestContext.Current.CancellationToken));

        var keys = await orchestrator.ReadAsync(x => x.ApiKeys.AsNoTracking().OrderBy(y => y.CreatedAt).ThenBy(y => y.IsOperator).ToListAsync());
        Assert.Equal([("portal", "acme", false), ("operator", null, true)], keys.Select(x => (x.Name, x.Tenant, x.IsOperator)));
        Assert.All(keys, x => Assert.Equal(32, x.Hash.Length));
        Assert.NotEqual(keys[0].Hash, keys[1].Hash);
    }

    [Theory]
    [InlineData("--create-api-key")]
    [InlineData("--create-api-key", "--tenant")]
    [InlineData("--create-api-key", "--tenant", "a.b")]
    [InlineData("--create-api-key", "--tenant", "acme", "--operator")]
    [InlineData("--create-api-key", "--operator", "--name", "")]
    public async Task A_command_that_is_not_understood_makes_no_key(params string[] arguments)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        await using var scope = orchestrator.Services.CreateAsyncScope();

        Assert.Equal(2, await ApiKeyCommands.CreateAsync(scope.ServiceProvider, arguments, TestContext.Current.CancellationToken));
        Assert.False(await orchestrator.ReadAsync(x => x.ApiKeys.AnyAsync()));
        Assert.Equal(2, await ApiKeyCommands.RevokeAsync(scope.ServiceProvider, ["--revoke-api-key", Guid.NewGuid().ToString()], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Only_the_documents_are_open_to_everybody()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true });

        var open = orchestrator.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(x => x.Metadata.GetMetadata<IAllowAnonymous>() is not null || x.Metadata.GetMetadata<IAuthorizeData>() is null)
            .Select(x => x.RoutePattern.RawText)
            .Order(StringComparer.Ordinal);

        Assert.Equal(["/asyncapi.json", "/openapi/v1.json"], open);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", true)]
    [InlineData("http://localhost:8080;http://[::1]:8080", true)]
    [InlineData("http://0.0.0.0:8080", false)]
    [InlineData("http://127.0.0.1:8080;http://*:9090", false)]
    [InlineData("http://10.0.0.7", false)]
    public void Without_keys_only_loopback_is_listened_on(string urls, bool taken)
    {
        var validator = new HttpOptionsValidator(new ConfigurationBuilder().AddInMemoryCollection([new("urls", urls)]).Build());

        Assert.Equal(taken, validator.Validate(null, new HttpOptions { RequireApiKeys = false }).Succeeded);
        Assert.True(validator.Validate(null, new HttpOptions()).Succeeded);
    }

    [Fact]
    public void A_port_on_every_address_is_not_loopback()
    {
        var validator = new HttpOptionsValidator(new ConfigurationBuilder().AddInMemoryCollection([new("http_ports", "8080")]).Build());

        Assert.False(validator.Validate(null, new HttpOptions { RequireApiKeys = false }).Succeeded);
    }

    private static async Task<int> RevokeAsync(OrchestratorFixture orchestrator, Guid id)
    {
        await using var scope = orchestrator.Services.CreateAsyncScope();
        return await ApiKeyCommands.RevokeAsync(scope.ServiceProvider, ["--revoke-api-key", id.ToString()], TestContext.Current.CancellationToken);
    }
}
