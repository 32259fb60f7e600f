using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Servers;

/// <summary>A virtual host that exists for one measurement, so that no queue of anybody else is touched.</summary>
internal sealed class RabbitVirtualHost : IAsyncDisposable
{
    private readonly HttpClient _management;

    private RabbitVirtualHost(Uri server, HttpClient management, string name)
    {
        _management = management;
        Name = name;
        Server = server;
        Uri = new UriBuilder(server) { Path = "/" + name }.Uri;
        (User, Password) = Credentials(server);
    }

    public string Name { get; }

    public Uri Server { get; }

    public Uri Uri { get; }

    public string User { get; }

    public string Password { get; }

    public static async Task<RabbitVirtualHost> CreateAsync(ServerAddresses servers)
    {
        var (user, password) = Credentials(servers.RabbitMq!);
        var management = new HttpClient { BaseAddress = servers.Management };
        management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        var host = new RabbitVirtualHost(servers.RabbitMq!, management, $"bench-{MassTransit.NewId.NextGuid():N}");
        using var created = await management.PutAsync($"api/vhosts/{host.Name}", null);
        created.EnsureSuccessStatusCode();
        using var granted = await management.PutAsJsonAsync($"api/permissions/{host.Name}/{user}", new { configure = ".*", write = ".*", read = ".*" });
        granted.EnsureSuccessStatusCode();
        return host;
    }

    public static ProcessTree Process(Uri server) => new("broker", ListeningProcess.Find(server.Host, server.Port));

    /// <summary>The id of the process that is served by a queue now; null where none is.</summary>
    public async Task<int?> ConsumerProcessAsync(string queue, CancellationToken cancellationToken)
    {
        using var found = await _management.GetAsync($"api/queues/{Name}/{System.Uri.EscapeDataString(queue)}", cancellationToken);
        if (!found.IsSuccessStatusCode || await found.Content.ReadFromJsonAsync<JsonNode>(cancellationToken) is not { } description)
        {
            return null;
        }

        var consumers = description["consumer_details"]?.AsArray() ?? [];
        var active = consumers.FirstOrDefault(x => x!["active"]?.GetValue<bool>() ?? true);
        if (active?["channel_details"]?["connection_name"]?.GetValue<string>() is not { } connection)
        {
            return null;
        }

        using var described = await _management.GetAsync($"api/connections/{System.Uri.EscapeDataString(connection)}", cancellationToken);
        var client = described.IsSuccessStatusCode ? (await described.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))?["client_properties"] : null;
        return int.TryParse(client?["process_id"]?.ToString(), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var id) ? id : null;
    }

    /// <summary>The names of all queues.</summary>
    public async Task<IReadOnlyList<string>> QueuesAsync(CancellationToken cancellationToken) =>
        [.. (await _management.GetFromJsonAsync<JsonArray>($"api/queues/{Name}?columns=name", cancellationToken))!.Select(x => x!["name"]!.GetValue<string>())];

    public async ValueTask DisposeAsync()
    {
        using (await _management.DeleteAsync($"api/vhosts/{Name}"))
        {
            _management.Dispose();
        }
    }

    private static (string User, string Password) Credentials(Uri server)
    {
        var parts = server.UserInfo.Split(':', 2);
        return parts is [{ Length: > 0 } user, var password] ? (Uri.UnescapeDataString(user), Uri.UnescapeDataString(password)) : ("guest", "guest");
    }
}
