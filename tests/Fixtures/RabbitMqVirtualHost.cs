using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Xunit;

namespace Pipeline.Fixtures;

/// <summary>A virtual host of its own for one test or test class, deleted at the end with everything in it.</summary>
public sealed class RabbitMqVirtualHost : IAsyncDisposable
{
    private readonly HttpClient _management;

    private RabbitMqVirtualHost(Uri server, HttpClient management, string name)
    {
        _management = management;
        Name = name;
        var user = server.UserInfo.Split(':', 2);
        Username = Uri.UnescapeDataString(user[0]);
        Password = Uri.UnescapeDataString(user[^1]);
        Uri = new UriBuilder(server) { Path = "/" + name }.Uri;
    }

    public string Name { get; }

    public string Username { get; }

    public string Password { get; }

    /// <summary>AMQP URI with user and virtual host.</summary>
    public Uri Uri { get; }

    /// <summary>Makes a virtual host; skips the test, with the reason, where there is no server.</summary>
    public static async Task<RabbitMqVirtualHost> CreateAsync()
    {
        Assert.SkipWhen(
            TestServers.RabbitMq is null || TestServers.RabbitMqManagement is null,
            "PIPELINE_TEST_RABBITMQ and PIPELINE_TEST_RABBITMQ_MANAGEMENT name no RabbitMQ; scripts/test.sh starts one.");
        var management = new Uri(TestServers.RabbitMqManagement!);
        var client = new HttpClient { BaseAddress = new UriBuilder(management) { UserName = "", Password = "" }.Uri };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo))));
        var host = new RabbitMqVirtualHost(new Uri(TestServers.RabbitMq!), client, $"test-{Guid.NewGuid():N}");
        await host.MakeAsync();
        return host;
    }

    /// <summary>Takes it away with everything in it and closes every connection to it: for whoever is connected, the broker is gone.</summary>
    public async Task DeleteAsync() => (await _management.DeleteAsync($"api/vhosts/{Name}")).EnsureSuccessStatusCode();

    /// <summary>Makes it again, empty.</summary>
    public async Task MakeAsync()
    {
        (await _management.PutAsJsonAsync($"api/vhosts/{Name}", new { })).EnsureSuccessStatusCode();
        (await _management.PutAsJsonAsync($"api/permissions/{Name}/{Uri.EscapeDataString(Username)}", new { configure = ".*", write = ".*", read = ".*" })).EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await DeleteAsync();
        _management.Dispose();
    }
}
