using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Protocols;

namespace Pipeline.ProviderSimulator;

/// <summary>
/// What can be changed while calls are served: <c>PUT /limits/{organisation}</c>, <c>/foreign/{organisation}</c>, <c>/headers</c> and
/// <c>PUT</c>, <c>DELETE /revoked/{key alias}</c>. A body names what changes; a wrong one changes nothing and is told every problem.
/// </summary>
internal static class ControlRoutes
{
    private const int MaxBodyBytes = 16 * 1024;

    public static void MapControl(this IEndpointRouteBuilder routes, LimiterDirectory limiters, Ledger ledger, SimulatorClock clock, ResponseWriter writer)
    {
        var change = new Lock();
        routes.MapGet("/limits", () => Results.Json(ledger.Limits.All(), ControlJson.Default.IReadOnlyListLimitPeriod));
        routes.MapPut("/limits/{organisation}", (RequestDelegate)(context => ChangeLimitsAsync(context, limiters, ledger, clock, change)));
        routes.MapPut("/foreign/{organisation}", (RequestDelegate)(context => ChangeForeignAsync(context, limiters)));
        routes.MapGet("/headers", () => Results.Json(writer.Headers, ControlJson.Default.HeaderOptions));
        routes.MapPut("/headers", (RequestDelegate)(async context =>
        {
            (HeaderOptions[] headers, IReadOnlyList<string> problems) = await ReadAsync(context, [writer.Headers], ControlJson.Default.HeaderOptions);
            problems = [.. problems, .. headers.SelectMany(x => LimitRules.Problems("headers", x))];
            writer.Headers = problems.Count == 0 ? headers[0] : writer.Headers;
            await AnswerAsync(context, problems);
        }));
        routes.MapMethods("/revoked/{alias}", [HttpMethods.Put, HttpMethods.Delete], (RequestDelegate)(context =>
        {
            string alias = Route(context, "alias");
            return AnswerAsync(context, limiters.Revoke(alias, HttpMethods.IsPut(context.Request.Method))
                ? []
                : [$"no key under Keys has the alias '{alias}'; the ledger shows the aliases"]);
        }));
    }

    private static async Task ChangeLimitsAsync(HttpContext context, LimiterDirectory limiters, Ledger ledger, SimulatorClock clock, Lock change)
    {
        string organisation = Route(context, "organisation");
        if (limiters.FindOrganisation(organisation) is not { } limiter)
        {
            await AnswerAsync(context, [$"there is no organisation '{organisation}'; there are: {string.Join(", ", limiters.All.Select(x => x.Organisation))}"]);
            return;
        }

        IQueryCollection query = context.Request.Query;
        LimitScope scope = query.ContainsKey("project") ? LimitScope.Project : query.ContainsKey("key") ? LimitScope.Key : LimitScope.Organisation;
        string name = scope switch { LimitScope.Project => query["project"].ToString(), LimitScope.Key => query["key"].ToString(), _ => organisation };
        string? modelClass = query.ContainsKey("class") ? query["class"].ToString() : null;
        LimitSet[] sets = [.. limiter.Sets.Where(x => x.Scope == scope && x.Name == name && (modelClass is null || x.ModelClass == modelClass))];
        if (sets.Length == 0)
        {
            await AnswerAsync(context, [$"'{name}' has no limits of scope {scope} for class '{modelClass}'; GET /limits shows what has, and a scope needs one limit at the start"]);
            return;
        }

        // Each class keeps what the body does not name.
        (LimitOptions[] options, IReadOnlyList<string> problems) = await ReadAsync(context, [.. sets.Select(x => x.Options)], ControlJson.Default.LimitOptions);
        problems = [.. problems, .. options.SelectMany(x => LimitRules.Problems("limits", x, scope == LimitScope.Organisation)).Distinct(StringComparer.Ordinal)];
        if (problems.Count == 0)
        {
            lock (change)
            {
                if (ledger.Limits.HasRoom(limiter.Sets.Count * LimitSet.Metered.Length))
                {
                    limiter.Change(sets.Zip(options), set => ledger.Limits.Set(organisation, set, clock.Now));
                }
                else
                {
                    problems = [$"the ledger has noted {LedgerLimits.MaxPeriods} changes of limits; restart the simulator"];
                }
            }
        }

        await AnswerAsync(context, problems);
    }

    private static async Task ChangeForeignAsync(HttpContext context, LimiterDirectory limiters)
    {
        string organisation = Route(context, "organisation");
        (ForeignTrafficOptions[] foreign, IReadOnlyList<string> problems) = await ReadAsync(context, [new ForeignTrafficOptions()], ControlJson.Default.ForeignTrafficOptions);
        problems = [.. problems, .. foreign.SelectMany(x => LimitRules.Problems("foreign", x))];
        if (problems.Count == 0 && limiters.FindOrganisation(organisation) is { } limiter)
        {
            limiter.StartForeign(foreign[0]);
        }
        else if (problems.Count == 0)
        {
            problems = [$"there is no organisation '{organisation}'"];
        }

        await AnswerAsync(context, problems);
    }

    /// <summary>The present settings with the members of the body laid over them.</summary>
    private static async Task<(T[] Values, IReadOnlyList<string> Problems)> ReadAsync<T>(HttpContext context, T[] present, JsonTypeInfo<T> type)
    {
        using RequestBody? body = await RequestBody.ReadAsync(context.Request, MaxBodyBytes, context.RequestAborted);
        if (body?.Json is not { RootElement.ValueKind: JsonValueKind.Object } json)
        {
            return ([], [body is null ? $"the body is longer than {MaxBodyBytes} bytes" : $"the body is not a JSON object. {body.Error}"]);
        }

        try
        {
            return ([.. present.Select(Merge)], []);
        }
        catch (JsonException e)
        {
            return ([], [e.Message]);
        }

        T Merge(T value)
        {
            JsonObject merged = JsonSerializer.SerializeToNode(value, type)!.AsObject();
            foreach (JsonProperty member in json.RootElement.EnumerateObject())
            {
                merged[member.Name] = JsonNode.Parse(member.Value.GetRawText());
            }

            return merged.Deserialize(type)!;
        }
    }

    private static async Task AnswerAsync(HttpContext context, IReadOnlyList<string> problems)
    {
        if (problems.Count == 0)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        await ResponseWriter.WriteJsonAsync(context.Response, json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("problems");
            JsonSerializer.Serialize(json, problems, ControlJson.Default.IReadOnlyListString);
            json.WriteEndObject();
        }, context.RequestAborted);
    }

    private static string Route(HttpContext context, string name) => context.Request.RouteValues[name]?.ToString() ?? "";
}
