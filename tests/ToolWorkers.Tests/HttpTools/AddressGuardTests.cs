using System.Net;
using Pipeline.ToolWorkers.HttpTools;

namespace Pipeline.ToolWorkers.Tests.HttpTools;

public sealed class AddressGuardTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.8.8")]
    [InlineData("169.254.169.254")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::7f00:1")]
    [InlineData("64:ff9b::a00:1")]
    [InlineData("2002:a00:1::")]
    [InlineData("2001:0:1::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    public void An_address_of_a_network_of_somebodys_own_is_refused(string address) =>
        Assert.False(new AddressGuard(new ToolsOptions()).Allows("example.com", 443, IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("2606:4700:4700::1111")]
    public void A_public_address_is_allowed(string address) =>
        Assert.True(new AddressGuard(new ToolsOptions()).Allows("example.com", 443, IPAddress.Parse(address)));

    [Fact]
    public void What_the_settings_allow_is_allowed_and_nothing_beside_it()
    {
        var guard = new AddressGuard(new ToolsOptions { AllowedPrivateHosts = { "crm.internal:8443", "erp.internal" }, AllowedPrivateNetworks = { "10.20.0.0/16" }, AllowedPorts = { 443, 8443 } });
        var inside = IPAddress.Parse("192.168.7.7");

        Assert.True(guard.Allows("CRM.internal", 8443, inside));
        Assert.False(guard.Allows("crm.internal", 443, inside));
        Assert.True(guard.Allows("erp.internal", 443, inside));
        Assert.False(guard.Allows("erp.internal", 5432, inside));
        Assert.True(guard.Allows("anything", 443, IPAddress.Parse("10.20.255.1")));
        Assert.False(guard.Allows("anything", 443, IPAddress.Parse("10.21.0.1")));
        Assert.False(guard.Allows("public", 22, IPAddress.Parse("1.1.1.1")));
    }
}
