using System.Net;
using System.Net.Sockets;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>
/// Decides to which addresses declared tools may connect: public ones, and what the settings allow besides. The address that is checked is
/// the one that is connected to; a name that resolves differently a moment later gains nothing.
/// </summary>
internal sealed class AddressGuard(ToolsOptions options)
{
    // By the registries of special-purpose addresses; where a block carries IPv4 addresses inside (mapped, NAT64, 6to4, Teredo), all of it.
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(x => IPNetwork.Parse(x)),
    ];

    private readonly IPNetwork[] _allowedNetworks = [.. options.AllowedPrivateNetworks.Select(x => IPNetwork.TryParse(x, out var network) ? network : default).Where(x => x != default)];

    /// <summary>What is wrong with the settings themselves.</summary>
    public static IEnumerable<string> Problems(ToolsOptions options) =>
        options.AllowedPrivateNetworks.Where(x => !IPNetwork.TryParse(x, out _)).Select(x => $"Tools:AllowedPrivateNetworks has '{x}', which is not a network. Write e.g. 10.20.0.0/16.");

    /// <summary>True where the address is public, or allowed by the settings.</summary>
    public bool Allows(string host, int port, IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return AllowsPort(port) && (!NotPublic.Any(x => x.Contains(plain)) || AllowsHost(host, port) || _allowedNetworks.Any(x => x.Contains(plain)));
    }

    public bool AllowsPort(int port) => options.AllowedPorts.Count == 0 || options.AllowedPorts.Contains(port);

    /// <summary>Connects to the first of the host's addresses that is allowed and answers.</summary>
    /// <exception cref="AddressNotAllowedException">None is allowed.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(target.Host.Trim('[', ']'), out var literal) ? [literal] : await Dns.GetHostAddressesAsync(target.Host, cancellationToken);
        var allowed = addresses.Where(x => Allows(target.Host, target.Port, x)).ToArray();
        if (allowed.Length == 0)
        {
            throw new AddressNotAllowedException(
                $"The host '{target.Host}', port '{target.Port}', is not public. If it is meant, allow it with Tools__AllowedPrivateHosts or Tools__AllowedPrivateNetworks, the port with Tools__AllowedPorts.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool AllowsHost(string host, int port) =>
        options.AllowedPrivateHosts.Any(x => string.Equals(x, host, StringComparison.OrdinalIgnoreCase) || string.Equals(x, $"{host}:{port}", StringComparison.OrdinalIgnoreCase));
}
