using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Http;

public sealed class OpenApiTests
{
    [Fact]
    public async Task The_document_names_every_route_and_every_code_it_names_exists()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true });
        using var client = orchestrator.Client();

        var document = await (await client.GetAsync("/openapi/v1.json", TestContext.Current.CancellationToken)).JsonAsync();

        var mapped = orchestrator.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(x => x.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(y => $"{y} {x.RoutePattern.RawText!.Replace(":guid", "", StringComparison.Ordinal).Replace(":long", "", StringComparison.Ordinal).TrimEnd('/')}".ToUpperInvariant()));
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(x => x.Value.EnumerateObject().Select(y => (Name: $"{y.Name} {x.Name}".ToUpperInvariant(), y.Value))).ToList();
        Assert.Equal(mapped.Order(), operations.Select(x => x.Name).Order());
        var codes = new[] { typeof(FailureCode), typeof(HttpCode) }.SelectMany(x => x.GetFields(BindingFlags.Public | BindingFlags.Static)).Select(x => (string)x.GetRawConstantValue()!).ToHashSet();
        foreach (var (name, operation) in operations)
        {
            Assert.True(operation.TryGetProperty("summary", out _), name);
            foreach (var response in operation.GetProperty("responses").EnumerateObject().Where(x => int.Parse(x.Name, System.Globalization.CultureInfo.InvariantCulture) >= 400))
            {
                Assert.True(response.Value.GetProperty("content").TryGetProperty("application/problem+json", out _), $"{name} {response.Name}");
                Assert.All(response.Value.GetProperty("description").GetString()!["Code: ".Length..^1].Split(", "), x => Assert.Contains(x, codes));
            }
        }
    }

    [Fact]
    public async Task Every_reference_leads_to_a_schema_that_has_the_members_of_the_answers()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        using var client = orchestrator.Client();
        var request = await orchestrator.StartInvocationAsync();

        var document = await (await client.GetAsync("/openapi/v1.json", TestContext.Current.CancellationToken)).JsonAsync();
        var view = await (await client.GetAsync($"/invocations/{request.InvocationId}", TestContext.Current.CancellationToken)).JsonAsync();

        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.All(References(document), x => Assert.True(schemas.TryGetProperty(x.Split('/')[3], out _), x));
        Assert.Equal(view.EnumerateObject().Select(x => x.Name), schemas.GetProperty("InvocationView").GetProperty("properties").EnumerateObject().Select(x => x.Name));
        Assert.Equal(["tenant", "agent", "input"], schemas.GetProperty("SubmitInvocation").GetProperty("required").EnumerateArray().Select(x => x.GetString()!));
    }

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(x => x.Name == "$ref" ? [x.Value.GetString()!] : References(x.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };
}
