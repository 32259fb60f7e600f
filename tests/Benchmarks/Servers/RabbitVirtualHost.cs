using System.Net.Http.Headers;
using System.Text;
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
